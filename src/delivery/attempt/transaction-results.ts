// What the results of one mail transaction mean for the rest of the attempt.

import type { DeliveryError, RecipientResult } from '../smtp-client/transport.ts'
import { asksForFewerRecipients, isTooManyRecipients } from './delivery-outcome.ts'

type Refused = Extract<DeliveryError, { kind: 'refused' }>

/** Refused before the server judged a recipient or the message: then the connection is what it refuses. */
export function isRefusedAtBegin(result: RecipientResult): result is Refused {
  if (result.kind !== 'refused') return false
  return result.phase === 'greeting' || result.phase === 'ehlo' || result.phase === 'mail'
}

/** A kept connection that the peer closed before it was used again: nothing was sent, so this is no attempt. */
export function isStale(results: readonly RecipientResult[]): boolean {
  // `unsupported` is a decision of the client, whatever the state of the connection is.
  const first = results.find(({ kind }) => kind !== 'unsupported')
  if (first?.kind === 'lost') return first.silent
  return first?.kind === 'refused' && first.phase === 'mail' && first.reply.code === 421
}

export function isAnswer({ kind }: RecipientResult): boolean {
  return kind === 'accepted' || kind === 'refused'
}

export function isAccepted({ kind }: RecipientResult): boolean {
  return kind === 'accepted'
}

/** RFC 5321 section 4.5.3.1.10: the peer accepted some recipients and expects the others in another transaction. */
export function needsNextTransaction(result: RecipientResult): boolean {
  return result.kind === 'refused' && result.phase === 'rcpt' && isTooManyRecipients(result.reply)
}

/** RFC 3463 section 3.6 (X.5.3): the transaction was refused as a whole, and one with fewer recipients may be accepted. */
export function asksForFewer(result: RecipientResult, batch: readonly unknown[]): boolean {
  return result.kind !== 'accepted' && asksForFewerRecipients(result, batch.length)
}

export function anotherHostMayHelp(result: RecipientResult): boolean {
  // After the final dot the peer may have accepted the message: another host would certainly make a duplicate.
  if (result.kind === 'lost' || result.kind === 'protocol-error') return result.phase !== 'dot'
  return result.kind !== 'unreadable'
}
