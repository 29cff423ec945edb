// The contract of what the hooks count and time about connections and messages of clients.

import type { Session } from '../smtp/session.ts'

/** The kind of a reply: 2xx, 5xx, 4xx. */
export type Answered = 'accepted' | 'rejected' | 'deferred'

export interface MessageMeter {
  /** A client connected, and the first checks have decided. */
  connected(session: Session, answered: Answered): void
  /** A message that arrived in full has its reply, `ms` after the end of its data. */
  answered(session: Session, answered: Answered, ms: number): void
}
