// The sessions after sign-ins. The browser has a random token; the memory of the node has only its digest, so a restart ends
// all sessions.

import { createHash, randomBytes } from 'node:crypto'
import type { Lease, Pool } from '../budget/pool.ts'
import type { Clock } from '../lib/clock.ts'

export interface SessionFacts {
  /** In the form of `identityOf`. */
  readonly identity: string
  /** Null while what the sign-in proved holds. */
  readonly whyEnded: () => Promise<string | null> | string | null
  /** `code`: the password is right, and the code of the second factor is missing. */
  readonly stage: 'code' | 'open'
}

export interface Session extends SessionFacts {
  /** A second factor that the person sets up and has not confirmed. */
  newFactor: Buffer | null
}

export interface Sessions {
  /** A new session; null if the budget is full. The oldest one of the person gives way to it. */
  open(facts: SessionFacts): string | null
  /** Null for an unknown or ended one. A call is a use. */
  find(token: string): Promise<Session | null>
  end(token: string): void
  /** Ends every session of a person. */
  endAll(identity: string): void
}

interface Kept {
  readonly session: Session
  readonly lease: Lease
  /** Monotonic times. */
  readonly end: number
  idleEnd: number
}

const MINUTE_MS = 60_000
/** A person who leaves the screen is signed out soon (NIST SP 800-63B 4.2.3). */
const IDLE_MS = 15 * MINUTE_MS
const LIFE_MS = 2 * 60 * MINUTE_MS
/** To find the telephone and type the code. */
const CODE_MS = 5 * MINUTE_MS
/** How often unused sessions leave the memory. */
const SWEEP_MS = MINUTE_MS
const TOKEN_OCTETS = 32

export function createSessions(places: Pool, clock: Pick<Clock, 'monotonic' | 'every'>): Sessions & { close(): void } {
  /** By digest, the oldest first. */
  const all = new Map<string, Kept>()
  const drop = (digest: string) => {
    all.get(digest)?.lease.release()
    all.delete(digest)
  }
  const isOver = ({ end, idleEnd }: Kept) => clock.monotonic() >= Math.min(end, idleEnd)
  const sweep = () => {
    for (const [digest, kept] of all) if (isOver(kept)) drop(digest)
  }
  const take = (identity: string): Lease | null => {
    const place = places.take({ purpose: 'people', account: identity })
    return place.kind === 'lease' ? place : null
  }
  const ofPerson = (identity: string) => [...all].filter(([, { session }]) => session.identity === identity)
  const takeOrReplace = (identity: string): Lease | null => {
    sweep()
    const lease = take(identity)
    const [oldest] = ofPerson(identity)
    if (lease || !oldest) return lease
    drop(oldest[0])
    return take(identity)
  }
  const sweeping = clock.every(SWEEP_MS, sweep)
  return {
    open: (facts) => {
      const lease = takeOrReplace(facts.identity)
      if (!lease) return null
      const token = randomBytes(TOKEN_OCTETS).toString('base64url')
      const now = clock.monotonic()
      const end = now + (facts.stage === 'code' ? CODE_MS : LIFE_MS)
      all.set(digestOf(token), { session: { ...facts, newFactor: null }, lease, end, idleEnd: now + IDLE_MS })
      return token
    },
    find: async (token) => {
      const digest = digestOf(token)
      const kept = all.get(digest)
      if (!kept) return null
      if (isOver(kept) || (await kept.session.whyEnded()) !== null) {
        drop(digest)
        return null
      }
      kept.idleEnd = clock.monotonic() + IDLE_MS
      return kept.session
    },
    end: (token) => drop(digestOf(token)),
    endAll: (identity) => {
      for (const [digest] of ofPerson(identity)) drop(digest)
    },
    close: () => sweeping.cancel(),
  }
}

function digestOf(token: string): string {
  return createHash('sha256').update(token).digest('base64')
}
