// The users that can log in: the interface between the password check and a passwd-file or another source of passwords.

import { userText } from '../smtp/origin.ts'
import type { AppPassword } from './app-password.ts'
import type { ScramValue } from './derived-schemes.ts'
import type { PasswdFile } from './passwd-file.ts'
import type { PasswdEntry } from './passwd-line.ts'
import { costOf } from './password-cost.ts'
import type { StoredPassword } from './stored-password.ts'

export type AskVerdict =
  | { readonly kind: 'match' | 'mismatch' }
  | { readonly kind: 'unavailable'; readonly cause: string }

/** How a password is checked: against a hash, or by a query to its source. */
export type Check =
  | { readonly kind: 'hash'; readonly stored: StoredPassword }
  | { readonly kind: 'ask'; readonly verify: (password: string) => Promise<AskVerdict> }

export interface FoundPerson {
  readonly kind: 'found'
  readonly check: Check
  readonly allows: PasswdEntry['allows']
  /** The entry is cached because its source is unavailable; the text is the cause. */
  readonly doubt?: string
  /** Secrets that the user's programs may use in place of the password; absent if the user has none. */
  readonly apps?: readonly AppPassword[]
}

export type PersonAnswer =
  | FoundPerson
  /** `cause`: the user exists, but cannot log in. */
  | { readonly kind: 'absent'; readonly cause?: string }
  | { readonly kind: 'unavailable'; readonly cause: string }

/** `unasked`: a live source has the user, or not; only the app passwords are known without asking it. */
export type KnownPerson = PersonAnswer | { readonly kind: 'unasked'; readonly apps?: readonly AppPassword[] }

export interface People {
  /** @param identity in the form of `identityOf` */
  find(identity: string): PersonAnswer | Promise<PersonAnswer>
  /** What is known now, without asking a live source. @param identity in the form of `identityOf` */
  known(identity: string): KnownPerson
  /** True if there are users, and every one that can log in has keys of SCRAM-SHA-256, with one salt for all secrets of the user. */
  allHaveScram(): boolean
  /** A check that takes as long as that of most users; null without users. */
  decoy(): Check | null
  /** One stored password of each cost of a hash that the users have. */
  samples(): readonly StoredPassword[]
}

/** The users of a table, which a reload can replace at any time. */
export function peopleOf(current: () => PasswdFile, domain: string): People {
  let seen: PasswdFile | null = null
  let byCost: readonly StoredPassword[] = []
  let judged: { readonly file: PasswdFile; readonly scram: boolean } | null = null
  /** Counted once for each table. */
  const samples = () => {
    const file = current()
    if (file !== seen) byCost = commonCosts(file)
    seen = file
    return byCost
  }
  const find = (identity: string): PersonAnswer => {
    const entry = findEntry(current(), identity, domain)
    if (!entry) return absent(current(), identity, domain)
    return { kind: 'found', check: { kind: 'hash', stored: entry.stored }, allows: entry.allows }
  }
  return {
    find,
    known: find,
    allHaveScram: () => {
      const now = current()
      if (now !== judged?.file) judged = { file: now, scram: haveScram(now) }
      return judged.scram
    },
    decoy: () => {
      const [stored] = samples()
      return stored ? { kind: 'hash', stored } : null
    },
    samples,
  }
}

function haveScram({ entries }: PasswdFile): boolean {
  for (const { stored } of entries.values()) if (stored.kind !== 'scram' || stored.algorithm !== 'sha256') return false
  return entries.size > 0
}

/** The file may name users with or without the main domain. */
export function findEntry(file: PasswdFile, identity: string, domain: string): PasswdEntry | undefined {
  return file.entries.get(identity) ?? file.entries.get(`${identity}@${domain.toLowerCase()}`)
}

/** The reason why a user of the file cannot log in; undefined for every other name. */
export function findUnusable(file: PasswdFile, identity: string, domain: string): string | undefined {
  return file.unusable.get(identity) ?? file.unusable.get(`${identity}@${domain.toLowerCase()}`)
}

function absent(file: PasswdFile, identity: string, domain: string): PersonAnswer {
  const problem = findUnusable(file, identity, domain)
  return problem === undefined
    ? { kind: 'absent' }
    : { kind: 'absent', cause: `${userText(identity)} cannot log in: ${problem}` }
}

/** One stored password of each cost, the most common first. */
function commonCosts(file: PasswdFile): StoredPassword[] {
  const costs = new Map<string, { count: number; stored: StoredPassword }>()
  for (const { stored } of file.entries.values()) {
    const key = costOf(stored)
    const cost = costs.get(key) ?? { count: 0, stored }
    cost.count++
    costs.set(key, cost)
  }
  return [...costs.values()].toSorted((a, b) => b.count - a.count).map(({ stored }) => stored)
}

/** The keys of SCRAM-SHA-256 of the password; null without them. */
export function scramOf({ check }: Pick<FoundPerson, 'check'>): ScramValue | null {
  const stored = check.kind === 'hash' ? check.stored : null
  return stored?.kind === 'scram' && stored.algorithm === 'sha256' ? stored.value : null
}

/** Null if the user may log in from this address, null for an unknown one; else the reason. An unavailable source is no reason. */
export function whyNoLogin(person: KnownPerson, identity: string, ip: string | null): string | null {
  if (person.kind === 'absent') return person.cause ?? `unknown ${userText(identity)}`
  if (person.kind !== 'found' || !person.allows || (ip !== null && person.allows(ip))) return null
  return `${userText(identity)} may not log in from ${ip ?? 'an unknown address'}`
}
