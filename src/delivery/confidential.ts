// Where a forward leads is its owner's secret: what the sender asked for with DSN (RFC 3461) is not passed on with it, or the next server would
// report success from an address that the sender was never told (RFC 3461 5.2.7.4). We answer ourselves that the mail was relayed.

import type { ClaimedRecipient } from '../queue/queue.ts'
import type { Notify } from '../smtp/envelope.ts'
import type { TransportRecipient } from './transport.ts'

/** Do reports about this recipient end here? Not between our own nodes: the last one keeps them. */
export function keepsReports(recipient: Pick<ClaimedRecipient, 'private' | 'nextHop'>): boolean {
  return recipient.private && !recipient.nextHop.startsWith('peers:')
}

/** What is said of a recipient to the next server. `report`: the mail is a report of ours: strangers say nothing about it (RFC 5321 6.1). */
export function handedOn(recipient: ClaimedRecipient, report: boolean): TransportRecipient {
  const { address, parameters } = recipient
  if (report && !recipient.nextHop.startsWith('peers:'))
    return { address, parameters: { ...parameters, notify: ['NEVER'] } }
  if (!keepsReports(recipient) || parameters.notify.length === 0) return { address, parameters }
  // A failure after acceptance comes back through us and may be wanted; nothing left to tell means silence (RFC 3461 5.2.7.3).
  const wanted: Notify[] = parameters.notify.includes('FAILURE') ? ['FAILURE'] : ['NEVER']
  return { address, parameters: { ...parameters, notify: wanted } }
}
