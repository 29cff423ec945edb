// Where a forward leads is its owner's secret: what the sender asked for with DSN (RFC 3461) is not passed on with it, or the next server would
// report success from an address that the sender was never told (RFC 3461 5.2.7.4). We answer ourselves that the mail was relayed.

import type { ClaimedRecipient } from '../../queue/contract/queue.ts'
import { isAscii } from '../../smtp/domain.ts'
import type { Notify, RecipientParameters } from '../../smtp/envelope.ts'
import type { TransportRecipient } from '../smtp-client/transport.ts'

/** Do reports about this recipient end here? Not between our own nodes: the last one keeps them. */
export function reportsEndHere(recipient: Pick<ClaimedRecipient, 'private' | 'nextHop'>): boolean {
  return recipient.private && !recipient.nextHop.startsWith('peers:')
}

/** What is said of a recipient to the next server. `report`: the mail has the null sender: strangers say nothing about it (RFC 5321 6.1). */
export function recipientForPeer(recipient: ClaimedRecipient, report: boolean): TransportRecipient {
  const { address, parameters } = recipient
  const toOurs = recipient.nextHop.startsWith('peers:')
  if (report && !toOurs) return { address, parameters: { ...parameters, notify: ['NEVER'] } }
  if (recipient.private && toOurs) return { address, parameters: namingOriginal(recipient) }
  if (!reportsEndHere(recipient) || parameters.notify.length === 0) return { address, parameters }
  // A failure after acceptance comes back through us and may be wanted; nothing left to tell means silence (RFC 3461 5.2.7.3).
  const wanted: Notify[] = parameters.notify.includes('FAILURE') ? ['FAILURE'] : ['NEVER']
  return { address, parameters: { ...parameters, notify: wanted } }
}

/** The next node of ours may get a forward's destination as forward-path: ORCPT (RFC 3461 5.2.1) tells it the address that may be named. */
function namingOriginal({ address, original, parameters }: ClaimedRecipient): RecipientParameters {
  if (parameters.orcpt !== null || original === address) return parameters
  return { ...parameters, orcpt: `${isAscii(original) ? 'rfc822' : 'utf-8'};${original}` }
}
