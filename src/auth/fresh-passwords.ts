// Passwords that were changed here and that the data of the node do not have yet: a file is read at the next reload, a mirror at its next
// refresh. A changed password counts at once, and the old one does not any more.

import { isDeepStrictEqual } from 'node:util'
import type { Check, KnownPerson, People, PersonAnswer } from './people.ts'
import type { StoredPassword } from './stored-password.ts'

export interface FreshPasswords {
  readonly people: People
  /** The password of a user changed from one hash to another. The new one counts until the data have another hash than now. */
  set(identity: string, change: { readonly from: StoredPassword; readonly to: StoredPassword }): Promise<void>
  /** Forgets what the data have by now. */
  sweep(): void
}

interface Fresh {
  readonly from: StoredPassword
  readonly check: Check
}

export function withFreshPasswords(people: People): FreshPasswords {
  const fresh = new Map<string, Fresh>()
  /** Null if the data are newer. */
  const currentOf = (identity: string, check: Check): Check | null => {
    const one = fresh.get(identity)
    if (!one || check.kind !== 'hash') return null
    if (isDeepStrictEqual(check.stored, one.from)) return one.check
    fresh.delete(identity)
    return null
  }
  const found = (identity: string, answer: PersonAnswer): PersonAnswer => {
    const check = answer.kind === 'found' ? currentOf(identity, answer.check) : null
    return check === null ? answer : ({ ...answer, check } as PersonAnswer)
  }
  const known = (identity: string): KnownPerson => {
    const answer = people.known(identity)
    if (answer.kind !== 'unasked') return found(identity, answer)
    // Sessions with the old password of a live source end too.
    const one = fresh.get(identity)
    const apps = answer.apps ? { apps: answer.apps } : {}
    return one ? { kind: 'found', check: one.check, allows: null, ...apps } : answer
  }
  return {
    people: {
      ...people,
      known,
      find: (identity) => {
        const answer = people.find(identity)
        return answer instanceof Promise ? answer.then((later) => found(identity, later)) : found(identity, answer)
      },
    },
    set: async (identity, { from, to }) => {
      const answer = await people.find(identity)
      const stored = answer.kind === 'found' && answer.check.kind === 'hash' ? answer.check.stored : null
      if (stored === null) return
      // The data are as before this change, or as before an earlier one. Else they have the new password already.
      const isOld = [from, fresh.get(identity)?.from].some((one) => isDeepStrictEqual(stored, one))
      if (isOld) fresh.set(identity, { from: stored, check: { kind: 'hash', stored: to } })
    },
    sweep: () => {
      for (const identity of fresh.keys()) known(identity)
    },
  }
}
