// Transfer steps of the target: one commit stores the message, its history and the receipt of its token. A token is answered once; a repeated
// offer gets the same answer, after any crash.

import type { Event, TransferAcceptedEvent } from '../../../../observe/events.ts'
import type { Hold } from '../../../contract/queue-reader.ts'
import { flowOf } from '../../../scheduling/flow.ts'
import type { TransferStepAnswers, TransferStep, WireTransfer } from '../../../transfer/transfer-step.ts'
import { RECIPIENTS_PER_MESSAGE, recipientId } from '../recipient-id.ts'
import { isWaiting, stateOf } from '../../../contract/states.ts'
import type { StoreContext } from '../store-context.ts'
import { setHold } from './apply-action.ts'

export function acceptTransfer(
  context: StoreContext,
  request: { readonly step: TransferStep & { kind: 'accept' }; readonly now: number },
): TransferStepAnswers['accept'] {
  const { step, now } = request
  const { token, from, message } = step
  const receipt = context.sql.transfers.selectReceipt(token)
  if (receipt) return receipt.accepted === 1 ? 'repeated' : 'refused'
  if (context.sql.selectMessageIdOf(message.queueId) !== null) return 'conflict'
  context.sql.transfers.insertReceipt({ token, accepted: true, at: now })
  const id = addMessage(context, message)
  addRecipients(context, { id, message })
  context.sql.transfers.insertTransferredMessage(message.expiresAt, id)
  for (const { at, events } of message.history) context.sql.insertLedger(at, message.queueId, events)
  const events = message.recipients.map(
    ({ address }): TransferAcceptedEvent => ({
      kind: 'transfer-accepted',
      at: now,
      queueId: message.queueId,
      recipient: address,
      from,
    }),
  )
  context.sql.insertLedger(now, message.queueId, JSON.stringify(events))
  return 'accepted'
}

/** Records that a token without a receipt is never accepted. */
export function refuseTransfer(
  context: StoreContext,
  request: { readonly step: TransferStep & { kind: 'refuse' }; readonly now: number },
): TransferStepAnswers['refuse'] {
  const { token } = request.step
  const receipt = context.sql.transfers.selectReceipt(token)
  if (!receipt) context.sql.transfers.insertReceipt({ token, accepted: false, at: request.now })
  return receipt?.accepted === 1 ? 'accepted' : 'refused'
}

function addMessage(context: StoreContext, message: WireTransfer): number {
  const count = message.recipients.length
  if (count === 0 || count > RECIPIENTS_PER_MESSAGE) throw new Error(`a message cannot have ${count} recipients`)
  const { recipients: _, history: __, contentStart, contentEnd, ...row } = message
  const id = context.newMessageId()
  context.sql.insertMessage({ ...row, id, content: context.octets.subarray(contentStart, contentEnd) })
  return id
}

/** The hold of a recipient, from the history that comes with its message. */
function lastHold(history: WireTransfer['history'], address: string): Hold | null {
  const events = history.flatMap((entry) => JSON.parse(entry.events) as Event[])
  const held = events.findLast((event) => event.kind === 'held' && event.recipient === address)
  if (held?.kind !== 'held') return null
  const { at, by, reason, until } = held
  return { at, by, reason, ...(until === undefined ? {} : { until }) }
}

function addRecipients(
  context: StoreContext,
  { id, message }: { readonly id: number; readonly message: WireTransfer },
): void {
  const { origin, sender, recipients } = message
  const flow = flowOf({ origin, sender, recipients: recipients.length })
  const insert = context.sql.transfers.insertTransferred
  for (const [ordinal, row] of recipients.entries()) {
    insert(recipientId(id, ordinal), row, flow)
    const state = stateOf(row.state)
    if (isWaiting(state)) context.totals.add(row.nextHop, row.nextAttemptAt)
    const hold = state === 'held' ? lastHold(message.history, row.address) : null
    if (hold) setHold(context, recipientId(id, ordinal), hold)
  }
}
