// Watches what the sessions of users and machines have proven: a password that changes, an app password that is removed or expires, a
// certificate that is removed. Such a session ends at its next command, or at once if it is idle; a message that is arriving is finished.

import type { WhyEnded } from '../auth/authenticator.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { Origin } from '../smtp/origin.ts'
import { refusal } from '../smtp/reply.ts'
import type { Refusal } from '../smtp/reply.ts'
import type { Session } from '../smtp/session.ts'

export interface LoginWatch {
  /** @param origin the origin that the session has from this proof; with another one the proof does not matter any more */
  watch(session: Session, origin: Origin, whyEnded: WhyEnded): void
  /** The reply that ends the session; null while its proof holds. */
  ended(session: Session): Refusal | null
}

interface Watched {
  readonly origin: Origin
  readonly whyEnded: WhyEnded
  reply: Refusal | null
}

/** Interval of the checks. One takes microseconds; data change at a reload, which files need two seconds for. */
const CHECK_MS = 2000

/** Checks until `stops` is disposed. */
export function createLoginWatch(
  clock: Pick<Clock, 'every'>,
  { log, stops }: { readonly log: Pick<Log, 'bug'>; readonly stops: AsyncDisposableStack },
): LoginWatch {
  const sessions = new Map<Session, Watched>()
  const checkAll = async () => {
    for (const [session, watched] of sessions) {
      if (watched.reply !== null) continue
      if (session.origin !== watched.origin) sessions.delete(session)
      else watched.reply = replyFor(await watched.whyEnded())
    }
  }
  let isChecking = false
  const timer = clock.every(CHECK_MS, () => {
    if (isChecking) return
    isChecking = true
    checkAll()
      .catch((error: unknown) => log.bug(error, 'check of the logins of sessions'))
      .finally(() => (isChecking = false))
  })
  stops.defer(() => timer.cancel())
  return {
    watch: (session, origin, whyEnded) => {
      // A session of a command has no connection that could end.
      if (session.closed === undefined || session.closed.aborted) return
      sessions.set(session, { origin, whyEnded, reply: null })
      session.closed.addEventListener('abort', () => sessions.delete(session), { once: true })
    },
    ended: (session) => {
      const watched = sessions.get(session)
      return watched?.origin === session.origin ? (watched?.reply ?? null) : null
    },
  }
}

function replyFor(cause: string | null): Refusal | null {
  return cause === null
    ? null
    : refusal(421, '4.7.0', 'Your login is not valid any more, please log in again', `the session ends: ${cause}`)
}
