// Room queue, operation accept: message, recipients and ledger entries in one go; with `claim` the recipients are claimed at once.

import type { Answers, WireMessage } from '../operation.ts'
import { RECIPIENTS_PER_MESSAGE, recipientId } from '../recipient-id.ts'
import { expiryOf, nextAttemptAt } from '../retry.ts'
import { stateNumber } from '../states.ts'
import type { StoreContext } from '../store-context.ts'

export function accept(
  context: StoreContext,
  request: { readonly message: WireMessage; readonly claim: boolean; readonly now: number },
): Answers['accept'] {
  const { message, claim, now } = request
  const count = message.recipients.length
  if (count === 0 || count > RECIPIENTS_PER_MESSAGE) throw new Error(`a message cannot have ${count} recipients`)
  const id = context.newMessageId()
  const { sql } = context
  sql.insertMessage({
    id,
    queueId: message.queueId,
    arrivedAt: message.arrivedAt,
    expiresAt: expiryOf(message, context.retry),
    sender: message.sender,
    senderProven: message.senderProven,
    origin: message.origin,
    parameters: message.parameters,
    spoolFile: message.spoolFile,
    headerSize: message.headerSize,
    bodySize: message.bodySize,
    content: context.octets.subarray(message.contentStart, message.contentEnd),
  })
  const claimed = addRecipients(context, { id, message, claim, now })
  if (message.events !== '[]') sql.insertLedger(message.arrivedAt, message.queueId, message.events)
  const first = recipientId(id, 0)
  return claimed.every((one) => one === claim) ? first : { first, claimed }
}

function addRecipients(
  context: StoreContext,
  { id, message, claim, now }: { id: number; message: WireMessage; claim: boolean; now: number },
): boolean[] {
  const claimed: boolean[] = []
  for (const [ordinal, recipient] of message.recipients.entries()) {
    const { nextHop } = recipient
    const mine = claim && !context.book.isSuspended(nextHop)
    const nextAttempt = mine ? nextAttemptAt({ arrivedAt: message.arrivedAt, now }, context.retry, context.random) : now
    context.sql.insertRecipient({
      id: recipientId(id, ordinal),
      state: mine ? stateNumber.claimed : stateNumber.queued,
      nextHop,
      nextAttemptAt: nextAttempt,
      attempt: mine ? 1 : 0,
      notify: recipient.notify,
      private: recipient.private,
      address: recipient.address,
      original: recipient.original,
      reversePath: recipient.reversePath,
      orcpt: recipient.orcpt,
    })
    if (!mine) context.book.added(nextHop, nextAttempt)
    claimed.push(mine)
  }
  return claimed
}
