// The number of a group of this host, from /etc/group: Node has no call for it. Groups of a directory are given by their number.

import { readFileSync } from 'node:fs'

/** Null if there is no such group. Throws the error of the file system. */
export function groupId(name: string): number | null {
  if (/^\d+$/.test(name)) return Number(name)
  const found = readFileSync('/etc/group', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .find(([group]) => group === name)
  return found?.[2] === undefined ? null : Number(found[2])
}
