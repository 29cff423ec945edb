// Every kind of `waypost demo --break`, by its name.

import { accountStolen } from './account-stolen.ts'
import { blocked } from './blocked.ts'
import { bounceStorm } from './bounce-storm.ts'
import type { Break } from './break.ts'
import { certificateExpired } from './certificate-expired.ts'
import { diskFull } from './disk-full.ts'
import { ldapGone } from './ldap-gone.ts'
import { nodeLost } from './node-lost.ts'
import { queueGrows } from './queue-grows.ts'
import { wrongAlias } from './wrong-alias.ts'

const all: readonly Break[] = [
  ...blocked,
  queueGrows,
  ldapGone(),
  certificateExpired,
  accountStolen,
  diskFull(),
  nodeLost,
  wrongAlias,
  bounceStorm,
]

export const breakKinds: ReadonlyMap<string, Break> = new Map(all.map((one) => [one.kind, one]))

/** One line for each kind. */
export function listOfBreaks(): string[] {
  const width = Math.max(...all.map(({ kind }) => kind.length))
  return all.map(({ kind, about }) => `${kind.padEnd(width)}  ${about}`)
}
