// Refusals at SMTP time go into the ledger and the log, so that "it never arrived" has an answer. Never waited for, and bounded:
// a flood of refusals must not become a flood of writes.

import type { Clock } from '../lib/clock.ts'
import type { RejectedEvent } from '../observe/events.ts'
import type { Verdict } from '../policy/verdict.ts'
import type { Log } from '../observe/log.ts'
import type { Queue } from '../queue/queue.ts'
import type { Session } from '../smtp/session.ts'

/** Ledger writes of refusals under way at once; beyond that they are only logged. */
const MAX_PENDING = 1000

export interface RejectionLedger {
  /** Notes a verdict if it is a refusal, and passes it on. */
  seen<T extends Verdict>(
    session: Session,
    stage: RejectedEvent['stage'],
    verdict: T,
    envelope?: { sender?: string | null; recipient?: string },
  ): T
}

export interface RejectionPorts {
  readonly clock: Clock
  readonly queue: Pick<Queue, 'record'>
  readonly log: Pick<Log, 'event'>
}

export function createRejectionLedger(ports: RejectionPorts): RejectionLedger {
  let pending = 0
  const write = (event: RejectedEvent) => {
    // What the ledger cannot take now, the log keeps.
    if (pending >= MAX_PENDING) return ports.log.event(event)
    pending++
    const done = () => void pending--
    ports.queue.record([event]).then(done, () => {
      done()
      ports.log.event(event)
    })
  }
  return {
    seen(session, stage, verdict, envelope = {}) {
      if (verdict.kind !== 'accept') write(describe(ports.clock.now(), { session, stage, verdict, envelope }))
      return verdict
    },
  }
}

interface Refused {
  readonly session: Session
  readonly stage: RejectedEvent['stage']
  readonly verdict: Exclude<Verdict, { kind: 'accept' }>
  readonly envelope: { sender?: string | null; recipient?: string }
}

function describe(at: number, { session, stage, verdict, envelope }: Refused): RejectedEvent {
  const { code, enhanced, text, cause } = verdict.reply
  return {
    kind: 'rejected',
    at,
    queueId: null,
    session: session.id,
    recipient: envelope.recipient,
    stage,
    sender: envelope.sender ?? null,
    remote: session.remoteName === null ? session.remoteIp : `${session.remoteName}[${session.remoteIp}]`,
    reply: `${code} ${enhanced} ${text}`,
    cause,
  }
}
