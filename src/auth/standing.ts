// Whether what a login proved still holds: the user exists, with the same password or app password, and may log in from this address. It asks
// no live source and computes no hash, so it can be asked every few seconds for every session.

import { isDeepStrictEqual } from 'node:util'
import { userText } from '../smtp/origin.ts'
import { type AppPassword, whyUnusable } from './app-password.ts'
import type { Check, FoundPerson, People } from './people.ts'

export interface Proven {
  readonly identity: string
  readonly ip: string | undefined
  /** What the password was compared with. */
  readonly check: Check
  /** Null for the password of the user. */
  readonly app: AppPassword | null
  /** Changes of the password at this node since the proof began (password-changes.ts). Without it none is known. */
  readonly changes?: () => number
}

/** Null while it holds, or cannot be judged now. @param now unix milliseconds */
export function whyEnded(people: Pick<People, 'known'>, proven: Proven, now: number): string | null {
  const { identity, app, changes = () => 0 } = proven
  // A live source is not asked here, and one that checks passwords itself would not show a change.
  if (app === null && changes() > 0) return passwordChanged(identity)
  const person = people.known(identity)
  if (person.kind === 'unavailable') return null
  if (person.kind === 'absent') return person.cause ?? `${userText(identity)} does not exist any more`
  const ofApp = app === null ? null : whyAppEnded(app, person.apps ?? [], { ip: proven.ip, now })
  if (ofApp !== null) return ofApp
  return person.kind === 'found' ? whyPersonEnded(person, proven) : null
}

function whyPersonEnded({ allows, check }: FoundPerson, { identity, ip, check: before, app }: Proven): string | null {
  if (allows && (ip === undefined || !allows(ip)))
    return `${userText(identity)} may not log in from this address any more`
  return app === null && isChanged(before, check) ? passwordChanged(identity) : null
}

function whyAppEnded(
  app: AppPassword,
  apps: readonly AppPassword[],
  at: { readonly ip: string | undefined; readonly now: number },
): string | null {
  const name = `app password ${app.label} of ${userText(app.user)}`
  const current = apps.find(({ label }) => label === app.label)
  if (!current) return `${name} was removed`
  return current.line === app.line ? whyUnusable(current, at) : `${name} changed`
}

function passwordChanged(identity: string): string {
  return `the password of ${userText(identity)} changed`
}

/** A source that checks passwords itself does not show them. */
function isChanged(before: Check, after: Check): boolean {
  if (before.kind !== 'hash' || after.kind !== 'hash') return false
  return before.stored !== after.stored && !isDeepStrictEqual(before.stored, after.stored)
}
