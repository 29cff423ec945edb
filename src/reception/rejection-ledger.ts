// Refusals at SMTP time go into the ledger and the log, so that "it never arrived" has an answer. Never waited for, and bounded:
// a flood of refusals must not become a flood of writes.

import { clientNetwork } from '../lib/ip-address.ts'
import type { Clock } from '../lib/clock.ts'
import { createDecayCounters } from '../lib/decay.ts'
import type { RejectedEvent } from '../observe/events.ts'
import type { Verdict } from '../policy/verdict.ts'
import type { EventLog } from '../observe/json-log.ts'
import type { Queue } from '../queue/contract/queue.ts'
import type { Session } from '../smtp/session.ts'

/** Ledger writes of refusals under way at once; beyond that they are only logged. */
const MAX_PENDING = 1000
/** Refusals of one network that the ledger takes before it leaves them to the log; the count halves every hour. Fifty tell the story. */
const MOST_OF_NETWORK = 50
/** And of all networks: some 200 MB of ledger a day under attack, where a single host could write 100 GB. */
const MOST_IN_ALL = 20_000
const HALF_LIFE_MS = 60 * 60 * 1000
/** Networks remembered: some megabytes. */
const MOST_NETWORKS = 50_000
const ALL = 'all'

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
  readonly log: Pick<EventLog, 'event'>
}

export function createRejectionLedger(ports: RejectionPorts): RejectionLedger {
  let pending = 0
  const taken = createDecayCounters({ clock: ports.clock, halfLifeMs: HALF_LIFE_MS, maxKeys: MOST_NETWORKS })
  const hasRoom = (network: string) => {
    if (taken.get(network) > MOST_OF_NETWORK - 1) return false
    if (taken.get(ALL) > MOST_IN_ALL - 1) return false
    taken.add(ALL)
    taken.add(network)
    return true
  }
  const write = (event: RejectedEvent, stranger: string | null) => {
    // What the ledger cannot take now, the log keeps.
    if (pending >= MAX_PENDING || (stranger !== null && !hasRoom(stranger))) return ports.log.event(event)
    pending++
    const done = () => void pending--
    ports.queue.record([event]).then(done, () => {
      done()
      ports.log.event(event)
    })
  }
  return {
    seen(session, stage, verdict, envelope = {}) {
      if (verdict.kind !== 'accept')
        write(describe(ports.clock.now(), { session, stage, verdict, envelope }), strangerOf(session))
      return verdict
    },
  }
}

/** The network of a client who has proven nothing; our nodes and people are few and have names. */
function strangerOf({ origin, remoteIp }: Session): string | null {
  return origin === null || origin.kind === 'internet' ? clientNetwork(remoteIp) : null
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
