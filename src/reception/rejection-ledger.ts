// Records refusals at SMTP time in the ledger and the log, so that an operator can find out why a message did not arrive. Nothing waits for
// these writes, and their number is limited: a flood of refusals must not become a flood of writes.

import { clientNetwork } from '../lib/ip-address.ts'
import type { Clock } from '../lib/clock.ts'
import { createDecayCounters } from '../lib/decay.ts'
import { remoteHost } from '../lib/remote-host.ts'
import type { RejectedEvent } from '../observe/events.ts'
import type { EventLog } from '../observe/event-log.ts'
import type { Queue } from '../queue/contract/queue.ts'
import type { Refusal } from '../smtp/reply.ts'
import type { Session } from '../smtp/session.ts'

/** Ledger writes of refusals in progress at once; further refusals are only logged. */
const MAX_PENDING = 1000
/** Refusals of one client network in the ledger; further ones are only logged. The count halves every hour. */
const MAX_OF_NETWORK = 50
/** The same for all networks: some 200 MB of ledger a day under attack, where a single host could write 100 GB. */
const MAX_IN_ALL = 20_000
const HALF_LIFE_MS = 60 * 60 * 1000
/** Networks remembered: some megabytes. */
const MAX_NETWORKS = 50_000
const ALL = 'all'

export interface RefusedCommand {
  readonly stage: RejectedEvent['stage']
  readonly reply: Refusal
  readonly envelope?: { readonly sender?: string | null; readonly recipient?: string }
}

export interface RejectionLedger {
  note(session: Session, refused: RefusedCommand): void
}

export interface RejectionPorts {
  readonly clock: Clock
  readonly queue: Pick<Queue, 'record'>
  readonly log: Pick<EventLog, 'event'>
}

export function createRejectionLedger(ports: RejectionPorts): RejectionLedger {
  const { clock, queue, log } = ports
  let pending = 0
  const recorded = createDecayCounters({ clock, halfLifeMs: HALF_LIFE_MS, maxKeys: MAX_NETWORKS })
  const takeShare = (network: string) => {
    if (recorded.get(network) > MAX_OF_NETWORK - 1) return false
    if (recorded.get(ALL) > MAX_IN_ALL - 1) return false
    recorded.add(ALL)
    recorded.add(network)
    return true
  }
  return {
    note: (session, refused) => {
      const event = rejectedEvent(clock.now(), session, refused)
      const network = limitedNetwork(session)
      // The log keeps what the ledger cannot store.
      if (pending >= MAX_PENDING || (network !== null && !takeShare(network))) return log.event(event)
      pending++
      const done = () => void pending--
      queue.record([event]).then(done, () => {
        done()
        log.event(event)
      })
    },
  }
}

/** The network of a client without proof; null for fleet nodes and authenticated clients, which are few and known. */
function limitedNetwork({ origin, remoteIp }: Session): string | null {
  return origin === null || origin.kind === 'internet' ? clientNetwork(remoteIp) : null
}

function rejectedEvent(at: number, session: Session, { stage, reply, envelope = {} }: RefusedCommand): RejectedEvent {
  const { code, enhanced, text, cause } = reply
  return {
    kind: 'rejected',
    at,
    queueId: null,
    session: session.id,
    recipient: envelope.recipient,
    stage,
    sender: envelope.sender ?? null,
    remote: remoteHost(session.remoteName, session.remoteIp),
    reply: `${code} ${enhanced} ${text}`,
    cause,
  }
}
