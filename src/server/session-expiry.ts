// What ends a session whose time is over: a last reply, or a cut where no reply is possible.

import type { Refusal } from '../smtp/reply.ts'
import { sessionTooLong, shuttingDown, timedOut, unprovenTooLong } from './server-replies.ts'
import type { Dialogue } from './session-dialogue.ts'
import type { SessionPlace } from './session-places.ts'
import type { SessionTiming } from './session-timing.ts'

export type Expiry =
  | { readonly kind: 'reply'; readonly reply: Refusal }
  /** `notice` is for the log; null if the log has the reason already. */
  | { readonly kind: 'cut'; readonly notice: string | null }

/** At the boundary of two commands: the node drains, or the login does not hold any more. Null if the session continues. */
export function reasonToEnd<Resolution>({ context, transaction, session }: Dialogue<Resolution>): Refusal | null {
  if (context.draining() && !transaction) return shuttingDown
  return context.hooks.loginEnded(session)
}

/** Null while no limit of the timing has passed, and the login of an idle session holds. */
export function expiryOf<Resolution>(
  { context, session }: Pick<Dialogue<Resolution>, 'context' | 'session'>,
  timing: SessionTiming,
  place: Pick<SessionPlace, 'proof' | 'pressure'>,
): Expiry | null {
  const ended = timing.turn === 'client' ? context.hooks.loginEnded(session) : null
  if (ended) return { kind: 'reply', reply: ended }
  switch (timing.overdue(place)) {
    case 'handshake':
      return { kind: 'cut', notice: 'TLS handshake timed out' }
    case 'hook':
      return { kind: 'cut', notice: null }
    case 'unproven':
      if (timing.turn === 'handshake') return { kind: 'cut', notice: unprovenTooLong.cause }
      return { kind: 'reply', reply: unprovenTooLong }
    case 'command':
      return { kind: 'reply', reply: timedOut }
    case 'session':
      return { kind: 'reply', reply: sessionTooLong }
    case null:
      return null
  }
}
