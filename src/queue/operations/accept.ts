// Room queue, operation accept: message, recipients and ledger entries in one go; with `claim` the recipients are claimed at once.

import type { Answers, WireMessage, WireRecipient } from '../operation.ts'
import { RECIPIENTS_PER_MESSAGE, recipientId } from '../recipient-id.ts'
import { expiryOf, nextAttemptAt } from '../retry.ts'
import { stateNumber } from '../states.ts'
import type { StoreContext } from '../store-context.ts'

export function accept(
  context: StoreContext,
  request: { readonly message: WireMessage; readonly claim: boolean; readonly now: number },
): Answers['accept'] {
  const { message, claim, now } = request
  const [queueId, arrivedAt, origin, sender, parameters, senderProven, spoolFile, headerSize, bodySize, ...rest] =
    message
  const [start, end, recipients, events] = rest
  const count = recipients.length
  if (count === 0 || count > RECIPIENTS_PER_MESSAGE) throw new Error(`a message cannot have ${count} recipients`)
  const id = context.newMessageId()
  context.sql.insertMessage({
    id,
    queueId,
    arrivedAt,
    expiresAt: expiryOf({ arrivedAt, sender }, context.retry),
    sender,
    senderProven,
    origin,
    parameters,
    spoolFile,
    headerSize,
    bodySize,
    content: context.octets.subarray(start, end),
  })
  const claimed = addRecipients(context, recipients, { id, arrivedAt, claim, now })
  if (events !== '[]') context.sql.insertLedger(arrivedAt, queueId, events)
  const first = recipientId(id, 0)
  return claimed.every((one) => one === claim) ? first : { first, claimed }
}

function addRecipients(
  context: StoreContext,
  recipients: readonly WireRecipient[],
  { id, arrivedAt, claim, now }: { id: number; arrivedAt: number; claim: boolean; now: number },
): boolean[] {
  const claimed: boolean[] = []
  for (const [ordinal, recipient] of recipients.entries()) {
    const [address, original, reversePath, nextHop, isPrivate, notify, orcpt] = recipient
    const mine = claim && !context.book.isSuspended(nextHop)
    const nextAttempt = mine ? nextAttemptAt({ arrivedAt, now }, context.retry, context.random) : now
    context.sql.insertRecipient({
      id: recipientId(id, ordinal),
      state: mine ? stateNumber.claimed : stateNumber.queued,
      nextHop,
      nextAttemptAt: nextAttempt,
      attempt: mine ? 1 : 0,
      notify,
      private: isPrivate,
      address,
      original,
      reversePath,
      orcpt,
    })
    if (!mine) context.book.added(nextHop, nextAttempt)
    claimed.push(mine)
  }
  return claimed
}
