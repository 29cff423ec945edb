// Measures how long a session has waited and says which of its time limits has passed. The sweep of the listener asks it. A client without
// proof has one limit for all its waits together; the limits of strangers shrink while their pool fills, as in Postfix under stress.

import type { Clock } from '../lib/clock.ts'
import type { ServerLimits } from './server-limits.ts'
import type { SessionPlace } from './session-places.ts'

/** What the session waits for; each has its own limit. `dropping`: octets of a refused chunk, which prove nothing about the client. */
export type Turn = 'server' | 'client' | 'handshake' | 'data' | 'dropping'

/** `hook`: a hook has not answered within the age limit of a session, or soon after the client has ended its direction. `unproven`: the client has shown no proof in time. */
export type Overdue = 'handshake' | 'hook' | 'command' | 'session' | 'unproven'

export interface SessionTiming {
  readonly turn: Turn
  give(turn: Turn): void
  /** The client has ended its direction. It may still read replies, but what runs for a client that has gone must not run long. */
  inputEnded(): void
  /** A message was accepted: a session that makes progress may grow old. */
  progress(): void
  /** Null while no limit has passed. The limits of DATA and of chunks are in data-pace.ts. */
  overdue(place: Pick<SessionPlace, 'proof' | 'pressure'>): Overdue | null
}

type TimingLimits = Pick<
  ServerLimits,
  | 'handshakeMs'
  | 'halfOpenMs'
  | 'sessionMs'
  | 'commandMs'
  | 'unprovenMs'
  | 'fullUnprovenMs'
  | 'fullCommandMs'
  | 'fullSessionMs'
>

export function createSessionTiming(limits: TimingLimits, clock: Pick<Clock, 'monotonic'>): SessionTiming {
  const openedAt = clock.monotonic()
  let turn: Turn = 'server'
  let since = openedAt
  let progressAt = openedAt
  let inputEndedAt = Number.POSITIVE_INFINITY
  /** Waits for the client before the present one. */
  let waitedBefore = 0
  const isClients = () => turn === 'client' || turn === 'handshake' || turn === 'dropping'
  return {
    get turn() {
      return turn
    },
    give: (next) => {
      const now = clock.monotonic()
      if (isClients()) waitedBefore += now - since
      turn = next
      since = now
    },
    inputEnded: () => {
      inputEndedAt = clock.monotonic()
    },
    progress: () => {
      progressAt = clock.monotonic()
    },
    overdue: ({ proof, pressure }) => {
      const now = clock.monotonic()
      const waited = now - since
      if (turn === 'handshake' && waited > limits.handshakeMs) return 'handshake'
      if (waited > limits.sessionMs) return 'hook'
      // The reply to a complete message is worth the wait: without it the client sends the message again.
      if (turn === 'server' && now - inputEndedAt > limits.halfOpenMs) return 'hook'
      if (!isClients()) return null
      const stress = pressure()
      const unprovenMs = shrunk(limits.unprovenMs, limits.fullUnprovenMs, stress)
      if (proof === null && waitedBefore + waited > unprovenMs) return 'unproven'
      if (turn !== 'client') return null
      if (waited > shrunk(limits.commandMs, limits.fullCommandMs, stress)) return 'command'
      const isOld = stress > 0 && now - progressAt > shrunk(limits.sessionMs, limits.fullSessionMs, stress)
      return isOld || now - openedAt > limits.sessionMs ? 'session' : null
    },
  }
}

/** Between the usual limit and that of a full pool. */
export function shrunk(usual: number, full: number, pressure: number): number {
  return usual - Math.max(0, usual - full) * pressure
}
