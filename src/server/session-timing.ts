// Measures how long a session has waited and says which of its time limits has passed. The sweep of the listener asks it.

import type { Clock } from '../lib/clock.ts'
import type { ServerLimits } from './server-limits.ts'

/** What the session waits for; each has its own limit. */
export type Turn = 'server' | 'client' | 'handshake' | 'data'

/** `hook`: a hook has not answered within the age limit of a session. */
export type Overdue = 'handshake' | 'hook' | 'command' | 'session'

export interface SessionTiming {
  readonly turn: Turn
  give(turn: Turn): void
  /** Null while no limit has passed. The limits of DATA are in data-pace.ts. */
  overdue(): Overdue | null
}

type TimingLimits = Pick<ServerLimits, 'handshakeMs' | 'sessionMs' | 'commandMs'>

export function createSessionTiming(limits: TimingLimits, clock: Pick<Clock, 'monotonic'>): SessionTiming {
  const openedAt = clock.monotonic()
  let turn: Turn = 'server'
  let since = openedAt
  return {
    get turn() {
      return turn
    },
    give: (next) => {
      turn = next
      since = clock.monotonic()
    },
    overdue: () => {
      const now = clock.monotonic()
      const waited = now - since
      if (turn === 'handshake' && waited > limits.handshakeMs) return 'handshake'
      if (waited > limits.sessionMs) return 'hook'
      if (turn !== 'client') return null
      if (waited > limits.commandMs) return 'command'
      return now - openedAt > limits.sessionMs ? 'session' : null
    },
  }
}
