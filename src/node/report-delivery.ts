// Delivery to the store of reports: an attempt reads the report and stores it. A message without a readable report is held for the operator
// with the reason; after a release it is read again.

import type { Agent, AttemptResult } from '../delivery/attempt/agent.ts'
import { deferred } from '../delivery/attempt/delivery-outcome.ts'
import type { Outcome } from '../queue/contract/outcome.ts'
import type { Claim } from '../queue/contract/queue.ts'
import type { OpenQueue } from '../queue/contract/opened-queue.ts'
import { bodySize } from '../queue/contract/stored-body.ts'
import type { ReportTaker, Taken } from '../reports/report-taker.ts'
import { REPORTS_HOP } from '../smtp/nexthop.ts'

export interface ReportDeliveryPorts {
  readonly queue: Pick<OpenQueue, 'control' | 'openBody'>
  readonly taker: Pick<ReportTaker, 'take'>
  /** True if one more message of this reporter may be held. */
  readonly mayHold: (proven: string | null) => boolean
  readonly taken: (claim: Claim, result: Taken) => Promise<void>
}

/** As in the ledger. */
const HOST = 'the store of reports'
/** Name of the program that holds messages. */
const BY = 'reports'
/** Ms until a message is tried again while others are read. */
const BUSY_MS = 1000

/** The agent of a node that reads reports. `others` makes every other attempt. */
export function deliverReports(others: Agent, ports: ReportDeliveryPorts): Agent {
  return {
    attempt: (claim) => (claim.nextHop === REPORTS_HOP ? attempt(claim, ports) : others.attempt(claim)),
  }
}

async function attempt(claim: Claim, ports: ReportDeliveryPorts): Promise<AttemptResult> {
  const { queueId, arrivedAt, origin, header, body } = claim.message
  const message = { queueId, arrivedAt, origin, header, bodySize: bodySize(body) }
  const taken = await ports.taker.take({ ...message, openBody: () => ports.queue.openBody(body) })
  if (taken.kind === 'busy') return { outcomes: [], verdict: 'crowded', pauseMs: 0, postponeMs: BUSY_MS }
  await ports.taken(claim, taken)
  const outcome = await outcomeOf(claim, taken, ports)
  return {
    outcomes: claim.recipients.map(({ recipientId }) => ({ recipientId, outcome })),
    verdict: taken.kind === 'unavailable' ? 'unreachable' : 'worked',
    pauseMs: 0,
  }
}

async function outcomeOf(
  { message: { queueId } }: Claim,
  taken: Exclude<Taken, { kind: 'busy' }>,
  { queue, mayHold }: ReportDeliveryPorts,
): Promise<Outcome> {
  switch (taken.kind) {
    case 'read': {
      const reply = `${taken.summary.text}${taken.isNew ? '' : ', which is known'}`
      return { kind: 'delivered', dsnPassedOn: false, reply, status: '2.0.0', host: HOST, tls: null }
    }
    case 'unavailable':
      return deferred('site', '4.3.0', taken.cause)
    case 'unreadable': {
      const { reason, proven } = taken
      if (!mayHold(proven)) return deferred('message', '4.3.2', `${reason}; too many such messages are held already`)
      // The attempt is running: the hold takes effect when it ends.
      const filter = { queueIds: [queueId], destination: REPORTS_HOP }
      await queue.control({ action: 'hold', filter, by: BY, reason })
      return deferred('message', '4.3.2', reason)
    }
  }
}
