// Remembers for some minutes which passwords were right, so that a client that logs in for each mail costs one hash in that time.
//
// What is kept is, for an account and one stored password, a digest (HMAC-SHA-256) of the password with a random key of this object, in
// memory only. Only a success is kept: a wrong password costs the same work as without this memory. A changed stored password has no entry, so
// nothing has to notice the change. A client whose login is fast knows the password already. The time starts with the computed hash and no use extends it.

import { timingSafeEqual } from 'node:crypto'
import type { Clock, Timer } from '../lib/clock.ts'
import { createPasswordDigest, DIGEST_OCTETS, type PasswordUse, type UseDigest } from './password-digest.ts'

export interface RememberedPasswords {
  /** True if the hash of this password was computed and right within the time. Every call does the same work. */
  readonly has: (use: PasswordUse) => boolean
  /** Only after the hash was computed and right. */
  readonly add: (use: PasswordUse) => void
  /** Drops what is known of an account. */
  readonly forget: (account: string) => void
  /** Drops everything. @param lifetimeMs from now on; 0: nothing is remembered */
  readonly restart: (lifetimeMs: number) => void
  readonly close: () => void
}

interface Entry extends UseDigest {
  /** Monotonic time. */
  readonly until: number
}

/** The account that logged in least recently is dropped first. Some five megabytes. */
const MOST_ACCOUNTS = 10_000
/** A person has a password and a few for programs. */
const MOST_OF_ACCOUNT = 16
/** Expired digests leave the memory within this time. */
const SWEEP_MS = 60_000
/** Compared where there is no entry. No HMAC is all zeros. */
const none = Buffer.alloc(DIGEST_OCTETS)

export function createRememberedPasswords(
  clock: Pick<Clock, 'monotonic' | 'every'>,
  initialMs: number,
): RememberedPasswords {
  const digestOf = createPasswordDigest()
  const accounts = new Map<string, readonly Entry[]>()
  let lifetimeMs = initialMs
  let sweeping: Timer | null = null
  const live = (account: string): readonly Entry[] => {
    const now = clock.monotonic()
    return (accounts.get(account) ?? []).filter(({ until }) => now < until)
  }
  const clear = () => {
    accounts.clear()
    sweeping?.cancel()
    sweeping = null
  }
  const sweep = () => {
    for (const account of accounts.keys()) {
      const left = live(account)
      if (left.length > 0) accounts.set(account, left)
      else accounts.delete(account)
    }
    if (accounts.size === 0) clear()
  }
  return {
    has: (use) => {
      const { fingerprint, digest } = digestOf(use)
      const entry = live(use.account).find((one) => one.fingerprint === fingerprint)
      return timingSafeEqual(digest, entry?.digest ?? none)
    },
    add: (use) => {
      if (lifetimeMs === 0) return
      const entry = { ...digestOf(use), until: clock.monotonic() + lifetimeMs }
      const others = live(use.account).filter(({ fingerprint }) => fingerprint !== entry.fingerprint)
      accounts.delete(use.account)
      accounts.set(use.account, [...others, entry].slice(-MOST_OF_ACCOUNT))
      const [oldest] = accounts.keys()
      if (accounts.size > MOST_ACCOUNTS && oldest !== undefined) accounts.delete(oldest)
      sweeping ??= clock.every(SWEEP_MS, sweep)
    },
    forget: (account) => void accounts.delete(account),
    restart: (ms) => {
      lifetimeMs = ms
      clear()
    },
    close: clear,
  }
}
