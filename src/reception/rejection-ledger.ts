// Records refusals at SMTP time in the ledger and the log, so that an operator can find out why a message did not arrive. Nothing waits for
// these writes, and their number is limited: a flood of refusals must not become a flood of writes.

import type { Budgets } from '../budget/budgets.ts'
import { clientNetwork } from '../lib/ip-address.ts'
import type { Clock } from '../lib/clock.ts'
import { remoteHost } from '../lib/remote-host.ts'
import type { RejectedEvent, WouldRejectEvent } from '../observe/events.ts'
import type { EventLog } from '../observe/event-log.ts'
import type { Stage } from '../policy/check.ts'
import type { Queue } from '../queue/contract/queue.ts'
import { forwardedClient } from '../smtp/forwarded-client.ts'
import type { Refusal } from '../smtp/reply.ts'
import type { Session } from '../smtp/session.ts'
import type { ClientLines } from './client-lines.ts'

/** Ledger writes of refusals in progress at once; further refusals are only logged. */
const MAX_PENDING = 1000
const ALL = 'all'

/** The stage names of the ledger. */
export const ledgerStages = {
  connect: 'connect',
  secured: 'connect',
  helo: 'helo',
  mail: 'mail',
  rcpt: 'rcpt',
  message: 'data',
} as const satisfies Record<Stage, RejectedEvent['stage']>

export interface RefusedCommand {
  readonly stage: RejectedEvent['stage']
  readonly reply: Refusal
  readonly envelope?: { readonly sender?: string | null; readonly recipient?: string | undefined }
  /** The check that refused, and what it took in milliseconds. */
  readonly check?: string | undefined
  readonly ms?: number | undefined
}

export interface RejectionLedger {
  note(session: Session, refused: RefusedCommand): void
  /** Records an event about mail that was not queued, within the same limits. */
  record(session: Session, event: RejectedEvent | WouldRejectEvent): void
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
  const record: RejectionLedger['record'] = (session, event) => {
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
  }
  return { record, note: (session, refused) => record(session, rejectedEvent(clock.now(), session, refused)) }
}

/** The network of a client without proof; null for fleet nodes and authenticated clients, which are few and known. */
function limitedNetwork({ origin, remoteIp }: Session): string | null {
  return origin === null || origin.kind === 'internet' ? clientNetwork(remoteIp) : null
}

/** The event without its kind. */
export function refusalFacts(at: number, session: Session, { stage, reply, envelope = {} }: RefusedCommand) {
  const { code, enhanced, text, cause } = reply
  return {
    at,
    queueId: null,
    session: session.id,
    recipient: envelope.recipient,
    stage,
    sender: envelope.sender ?? null,
    remote: remoteHost(session.remoteName, session.remoteIp),
    ...forwardedClient(session),
    reply: `${code} ${enhanced} ${text}`,
    cause,
  }
}

function rejectedEvent(at: number, session: Session, refused: RefusedCommand): RejectedEvent {
  const { check, ms = 0 } = refused
  const rounded = Math.round(ms)
  return {
    kind: 'rejected',
    ...refusalFacts(at, session, refused),
    ...(check !== undefined && { check }),
    ...(rounded > 0 && { ms: rounded }),
  }
}
