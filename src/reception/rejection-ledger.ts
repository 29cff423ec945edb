// Records refusals at SMTP time in the ledger and the log, so that an operator can find out why a message did not arrive. Nothing waits for
// these writes, and their number is limited: a flood of refusals must not become a flood of writes.

import type { Budgets } from '../budget/budgets.ts'
import { clientNetwork } from '../lib/ip-address.ts'
import type { Clock } from '../lib/clock.ts'
import { remoteHost } from '../lib/remote-host.ts'
import type { RejectedEvent } from '../observe/events.ts'
import type { EventLog } from '../observe/event-log.ts'
import type { Queue } from '../queue/contract/queue.ts'
import type { Refusal } from '../smtp/reply.ts'
import type { Session } from '../smtp/session.ts'
import type { ClientLines } from './client-lines.ts'

/** Ledger writes of refusals in progress at once; further refusals are only logged. */
const MAX_PENDING = 1000
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
  readonly budgets: Pick<Budgets, 'rate'>
  readonly lines: Pick<ClientLines, 'mayWrite'>
}

export function createRejectionLedger(ports: RejectionPorts): RejectionLedger {
  const { clock, queue, log, budgets, lines } = ports
  let pending = 0
  const ofClients = budgets.rate('ledgerRejections')
  const ofAll = budgets.rate('allLedgerRejections')
  const takeShare = (client: string) => ofClients.take(client) && ofAll.take(ALL)
  return {
    note: (session, refused) => {
      const event = rejectedEvent(clock.now(), session, refused)
      const network = limitedNetwork(session)
      // The log keeps what the ledger cannot store, within its own limit.
      const logLine = () => {
        if (network === null || lines.mayWrite(session.remoteIp)) log.event(event)
      }
      if (pending >= MAX_PENDING || (network !== null && !takeShare(network))) return logLine()
      pending++
      const done = () => void pending--
      queue.record([event]).then(done, () => {
        done()
        logLine()
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
