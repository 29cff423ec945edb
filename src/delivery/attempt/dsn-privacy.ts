// The destination of a forward is private. DSN parameters (RFC 3461) that ask for success reports are not passed on with it: the next server
// would report an address that the sender does not know (section 5.2.7.4). This node sends a `relayed` report instead.

import type { ClaimedRecipient } from '../../queue/contract/queue.ts'
import { isAscii } from '../../smtp/domain.ts'
import type { Notify, RecipientParameters } from '../../smtp/envelope.ts'
import type { TransportRecipient } from '../smtp-client/transport.ts'

/** True if this node sends the reports that the sender asked for. Among fleet nodes the last node sends them. */
export function reportsEndHere(recipient: Pick<ClaimedRecipient, 'private' | 'nextHop'>): boolean {
  return recipient.private && !recipient.nextHop.startsWith('peers:')
}

/** The recipient for RCPT. @param report the message has the null sender: other servers must not report about it (RFC 5321 section 6.1) */
export function recipientForPeer(recipient: ClaimedRecipient, report: boolean): TransportRecipient {
  const { address, parameters } = recipient
  const toFleet = recipient.nextHop.startsWith('peers:')
  if (report && !toFleet) return { address, parameters: { ...parameters, notify: ['NEVER'] } }
  if (recipient.private && toFleet) return { address, parameters: namingOriginal(recipient) }
  if (!reportsEndHere(recipient) || parameters.notify.length === 0) return { address, parameters }
  // A failure report of the next server returns through this node; without FAILURE no report is left to ask for (section 5.2.7.3).
  const notify: Notify[] = parameters.notify.includes('FAILURE') ? ['FAILURE'] : ['NEVER']
  return { address, parameters: { ...parameters, notify } }
}

/** The next fleet node may get the destination of a forward as forward-path: ORCPT (RFC 3461 section 5.2.1) names the address to report. */
function namingOriginal({ address, original, parameters }: ClaimedRecipient): RecipientParameters {
  if (parameters.orcpt !== null || original === address) return parameters
  return { ...parameters, orcpt: `${isAscii(original) ? 'rfc822' : 'utf-8'};${original}` }
}
