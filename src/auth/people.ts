// Who may log in, as the check of passwords needs to know it: a table of a passwd-file, or whoever else keeps passwords.

import type { PasswdFile } from './passwd-file.ts'
import type { PasswdEntry } from './passwd-line.ts'
import type { StoredPassword } from './stored-password.ts'

export type AskVerdict =
  | { readonly kind: 'match' | 'mismatch' }
  | { readonly kind: 'unavailable'; readonly cause: string }

/** How one password is checked: against a hash, or by asking whoever keeps it. */
export type Check =
  | { readonly kind: 'hash'; readonly stored: StoredPassword }
  | { readonly kind: 'ask'; readonly verify: (password: string) => Promise<AskVerdict> }

export type PersonAnswer =
  | {
      readonly kind: 'found'
      readonly check: Check
      readonly allows: PasswdEntry['allows']
      /** What is known is remembered: whoever keeps it cannot be asked now. */
      readonly doubt?: string
    }
  /** `cause`: somebody of this name is known, but cannot log in. */
  | { readonly kind: 'absent'; readonly cause?: string }
  | { readonly kind: 'unavailable'; readonly cause: string }

export interface People {
  /** `identity` as identityOf makes it. */
  find(identity: string): PersonAnswer | Promise<PersonAnswer>
  /** A check that takes as long as that of most people. Null where there is nobody. */
  decoy(): Check | null
}

/** The people of a table, which may be another one at each moment. */
export function peopleOf(current: () => PasswdFile, domain: string): People {
  let seen: PasswdFile | null = null
  let usual: Check | null = null
  return {
    find: (identity) => {
      const entry = findEntry(current(), identity, domain)
      if (!entry) return { kind: 'absent' }
      return { kind: 'found', check: { kind: 'hash', stored: entry.stored }, allows: entry.allows }
    },
    decoy: () => {
      const file = current()
      const stored = file === seen ? null : usualPassword(file)
      if (file !== seen) usual = stored && { kind: 'hash', stored }
      seen = file
      return usual
    },
  }
}

/** The file may name people with our domain or without it. */
export function findEntry(file: PasswdFile, identity: string, domain: string): PasswdEntry | undefined {
  return file.entries.get(identity) ?? file.entries.get(`${identity}@${domain.toLowerCase()}`)
}

function usualPassword(file: PasswdFile): StoredPassword | null {
  const kinds = new Map<string, { count: number; stored: StoredPassword }>()
  for (const { stored } of file.entries.values()) {
    const kind = kinds.get(stored.scheme) ?? { count: 0, stored }
    kind.count++
    kinds.set(stored.scheme, kind)
  }
  const usual = [...kinds.values()].toSorted((a, b) => b.count - a.count)[0]
  return usual?.stored ?? null
}
