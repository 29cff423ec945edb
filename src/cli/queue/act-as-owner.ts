// A command given by root changes a node's files as the node's own user, so that the node can read and write what the command leaves.

import { statSync } from 'node:fs'

/** Becomes the owner of the directory for the rest of the process, if this is root and the directory belongs to somebody else. */
export function actAsOwner(directory: string): void {
  if (process.getuid?.() !== 0 || !process.setuid || !process.setgid || !process.setgroups) return
  const found = statSync(directory, { throwIfNoEntry: false })
  if (!found || found.uid === 0) return
  process.setgroups([found.gid])
  process.setgid(found.gid)
  process.setuid(found.uid)
}
