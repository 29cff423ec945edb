// Which nodes a node has to know, as its role file says: those it sends to, and those it admits.

import type { RoleFile } from '../config/role-file.ts'

/** The roles that a node sends mail to. */
export function nextHopRoles({ recipients: { own, forwards } }: RoleFile): readonly string[] {
  if (own === 'relay-to-mta') return ['mta']
  if (own === 'relay-to-mx') return ['mx']
  return forwards === 'relay-to-srs' ? ['srs'] : []
}

/** The roles that its listeners admit as peers. Null: every role. */
export function admittedRoles({ listeners }: RoleFile): ReadonlySet<string> | null {
  const admitting = Object.values(listeners).filter(({ admit }) => admit.includes('peers'))
  if (admitting.some(({ peers }) => peers.length === 0)) return null
  return new Set(admitting.flatMap(({ peers }) => peers))
}

/** True if a node sends to a node of this role, or admits it. */
export function knowsRole(role: RoleFile, other: string): boolean {
  const admitted = admittedRoles(role)
  return nextHopRoles(role).includes(other) || admitted === null || admitted.has(other)
}

/** True for a role that rewrites senders or reverses rewritten ones. */
export function needsSrs({ srs }: RoleFile): boolean {
  return srs.reverse || srs.rewrite
}

/** True for a role that strangers send mail to. */
export function receivesFromInternet({ listeners }: RoleFile): boolean {
  return Object.values(listeners).some(({ admit }) => admit.includes('internet'))
}
