// What the checks of a session take, until a message is queued, whose history has it.

import type { TimedCheck, TimedEvent } from '../observe/events.ts'
import type { Stage } from '../policy/check.ts'
import type { CheckTime } from '../policy/run-checks.ts'
import type { Session } from '../smtp/session.ts'
import { ledgerStages } from './rejection-ledger.ts'

export interface CheckTimes {
  /** A stage has ended. Called for each, because CONNECT and MAIL end what came before. */
  note(session: Session, stage: Stage, times: readonly CheckTime[]): void
  /** The event of a message that is about to be queued. Null if no check took a millisecond. */
  of(session: Session, message: Pick<TimedEvent, 'at' | 'queueId'>): TimedEvent | null
  /** That message was queued: the next one of the session did not wait for its connection. */
  queued(session: Session): void
}

type Kept = Map<string, TimedCheck>

interface OfSession {
  readonly session: Kept
  readonly transaction: Kept
}

const ofTransaction: ReadonlySet<Stage> = new Set(['mail', 'rcpt', 'message'])

export function createCheckTimes(): CheckTimes {
  const sessions = new WeakMap<Session, OfSession>()
  return {
    note: (session, stage, times) => {
      // A front end that names its client (XCLIENT) begins the session again.
      if (stage === 'connect') sessions.delete(session)
      const known = sessions.get(session)
      if (stage === 'mail') known?.transaction.clear()
      if (times.length === 0) return
      const open = known ?? { session: new Map(), transaction: new Map() }
      sessions.set(session, open)
      const kept = ofTransaction.has(stage) ? open.transaction : open.session
      for (const one of times) add(kept, ledgerStages[stage], one)
    },
    of: (session, message) => {
      const known = sessions.get(session)
      if (known === undefined) return null
      const checks = [...known.session.values(), ...known.transaction.values()]
      if (checks.length === 0) return null
      return { kind: 'timed', ...message, checks: checks.map((one) => ({ ...one, ms: Math.round(one.ms) })) }
    },
    queued: (session) => void sessions.delete(session),
  }
}

function add(kept: Kept, stage: TimedCheck['stage'], { check, ms }: CheckTime): void {
  const key = `${stage} ${check}`
  const known = kept.get(key)
  if (known === undefined) kept.set(key, { check, stage, ms })
  else kept.set(key, { check, stage, ms: known.ms + ms, calls: (known.calls ?? 1) + 1 })
}
