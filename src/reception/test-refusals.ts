// Keeps what checks in test mode would have refused, until it is known where it belongs: in the history of the messages that follow, or,
// if no message was queued, in the ledger like a refusal.

import type { Clock } from '../lib/clock.ts'
import type { WouldRejectEvent } from '../observe/events.ts'
import type { Stage } from '../policy/check.ts'
import type { TestRefusal } from '../policy/test-mode.ts'
import type { Session } from '../smtp/session.ts'
import { ledgerStages, refusalFacts } from './rejection-ledger.ts'
import type { RejectionLedger } from './rejection-ledger.ts'

export interface NotedStage {
  readonly stage: Stage
  readonly found: readonly TestRefusal[]
  readonly envelope?: { readonly sender?: string | null; readonly recipient?: string | undefined }
}

export interface TestRefusals {
  /** A stage has ended. Called for each, because CONNECT and MAIL end what came before. */
  note(session: Session, noted: NotedStage): void
  /** The events of a message that is about to be queued. */
  of(session: Session, queueId: string): readonly WouldRejectEvent[]
  /** That message was queued. */
  queued(session: Session): void
  /** The transaction has ended. */
  ended(session: Session): void
}

/** By stage and check, so a transaction has one event for a check that would refuse each of a thousand recipients. */
type Kept = Map<string, WouldRejectEvent>

interface OfSession {
  /** Before MAIL; each message of the session would not have arrived. */
  readonly session: Kept
  readonly transaction: Kept
  /** A message has taken the events of `session`. */
  isRecorded: boolean
}

const nothing: readonly never[] = []
const ofTransaction: ReadonlySet<Stage> = new Set(['mail', 'rcpt', 'message'])

export function createTestRefusals(
  clock: Pick<Clock, 'now'>,
  rejections: Pick<RejectionLedger, 'record'>,
): TestRefusals {
  const sessions = new WeakMap<Session, OfSession>()
  const record = (session: Session, kept: Kept) => {
    for (const event of kept.values()) rejections.record(session, event)
    kept.clear()
  }
  const end = (session: Session) => {
    const known = sessions.get(session)
    if (known === undefined) return
    sessions.delete(session)
    record(session, known.transaction)
    if (!known.isRecorded) record(session, known.session)
  }
  const open = (session: Session): OfSession => {
    const known = sessions.get(session)
    if (known !== undefined) return known
    const created = { session: new Map(), transaction: new Map(), isRecorded: false }
    sessions.set(session, created)
    session.closed?.addEventListener('abort', () => end(session), { once: true })
    return created
  }
  return {
    note: (session, { stage, found, envelope = {} }) => {
      // A front end that names its client (XCLIENT) begins the session again.
      if (stage === 'connect') end(session)
      if (stage === 'mail') endTransaction(sessions.get(session), session, record)
      if (found.length === 0) return
      const known = open(session)
      const kept = ofTransaction.has(stage) ? known.transaction : known.session
      for (const { check, reply } of found) {
        const event = { check, ...refusalFacts(clock.now(), session, { stage: ledgerStages[stage], reply, envelope }) }
        add(kept, { kind: 'would-reject', ...event })
      }
    },
    of: (session, queueId) => {
      const known = sessions.get(session)
      if (known === undefined) return nothing
      return [...known.session.values(), ...known.transaction.values()].map((one) => ({ ...one, queueId }))
    },
    queued: (session) => {
      const known = sessions.get(session)
      if (known === undefined) return
      known.isRecorded = true
      known.transaction.clear()
    },
    ended: (session) => endTransaction(sessions.get(session), session, record),
  }
}

function endTransaction(
  known: OfSession | undefined,
  session: Session,
  record: (session: Session, kept: Kept) => void,
): void {
  if (known !== undefined) record(session, known.transaction)
}

function add(kept: Kept, event: WouldRejectEvent): void {
  const key = `${event.stage} ${event.check}`
  const earlier = kept.get(key)
  if (earlier === undefined || event.stage !== 'rcpt') kept.set(key, event)
  else kept.set(key, { ...earlier, recipients: (earlier.recipients ?? 1) + 1 })
}
