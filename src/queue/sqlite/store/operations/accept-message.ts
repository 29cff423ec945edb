// Operation accept: message, recipients and ledger events in one transaction; with `claim` the recipients are claimed at once.

import type { FailedEvent } from '../../../../observe/events.ts'
import type {
  OperationResults,
  WireCopy,
  WireHold,
  WireMessage,
  WireRecipient,
  WireReturn,
} from '../../worker/worker-protocol.ts'
import { noticeNumber } from '../../../contract/notify-bits.ts'
import { firstRecipientId, lastRecipientId, messageOf, RECIPIENTS_PER_MESSAGE, recipientId } from '../recipient-id.ts'
import { flowOf } from '../../../scheduling/flow.ts'
import { expiryOf, nextAttemptAt } from '../../../scheduling/retry-schedule.ts'
import { stateNumber } from '../../../contract/states.ts'
import type { StoreContext } from '../store-context.ts'
import { controlRecipient, endRecipient } from './apply-action.ts'
import { finishMessage } from './settle.ts'

export function accept(
  context: StoreContext,
  request: {
    readonly message: WireMessage
    readonly claim: boolean
    readonly now: number
    /** Publish the events with the commit's news, before the events that follow in the same operation. */
    readonly asNews?: true
  },
): OperationResults['accept'] {
  const { message, claim, now, asNews } = request
  const [queueId, arrivedAt, origin, sender, parameters, senderProven, spoolFile, headerSize, bodySize, ...rest] =
    message
  const [start, end, recipients, events, lifetimeMs] = rest
  const count = recipients.length
  if (count === 0 || count > RECIPIENTS_PER_MESSAGE) throw new Error(`a message cannot have ${count} recipients`)
  const id = context.newMessageId()
  const expiresAt = expiryOf({ arrivedAt, sender, lifetimeMs }, context.retry)
  // The sweep of what expires goes by the order of arrival, which a short lifetime leaves, as that of a transferred message does.
  if (lifetimeMs !== null) context.sql.transfers.insertTransferredMessage(expiresAt, id)
  context.sql.insertMessage({
    id,
    queueId,
    arrivedAt,
    expiresAt,
    sender,
    senderProven,
    origin,
    parameters,
    spoolFile,
    headerSize,
    bodySize,
    content: context.octets.subarray(start, end),
  })
  const flow = flowOf({ origin, sender, recipients: count })
  const claimed = addRecipients(context, recipients, { id, arrivedAt, claim, now, flow })
  const tell = asNews ? context.sql.insertLedger : context.insertPublishedLedger
  if (events !== '[]') tell(arrivedAt, queueId, events)
  const first = recipientId(id, 0)
  return claimed.every((one) => one === claim) ? first : { first, claimed }
}

/** Several messages, all or none: an error in one rolls all of them back. */
export function acceptAll(
  context: StoreContext,
  request: {
    readonly messages: readonly WireCopy[]
    readonly claim: boolean
    readonly now: number
  },
): OperationResults['accept-all'] {
  const { messages, claim, now } = request
  return messages.map(({ message, returned, held }) => {
    if (!returned && !held) return accept(context, { message, claim, now })
    const accepted = accept(context, { message, claim: false, now, asNews: true })
    const id = messageOf(typeof accepted === 'number' ? accepted : accepted.first)
    const one = { id, queueId: message[0], now }
    if (returned) returnMessage(context, { ...one, ...returned })
    else if (held) holdMessage(context, one, held)
    return { first: recipientId(id, 0), claimed: [] }
  })
}

/** Fails every recipient of a message that was just accepted; the sender gets a DSN as for any failure. */
function returnMessage(
  context: StoreContext,
  { id, queueId, now, status, reply }: { id: number; queueId: string; now: number } & WireReturn,
): void {
  const events: FailedEvent[] = []
  for (const row of context.sql.selectControlledOfMessage(firstRecipientId(id), lastRecipientId(id))) {
    context.totals.remove(row.nextHop)
    endRecipient(context, row, { state: 'failed', at: now, status, reply })
    const base = { at: now, queueId, recipient: row.address, scope: 'recipient', attempt: 0 }
    events.push({ kind: 'failed', ...base, host: null, reply, status, tls: null })
  }
  finishMessage(context, id)
  context.sql.insertLedger(now, queueId, JSON.stringify(events))
}

/** Holds every recipient of a message that was just accepted. */
function holdMessage(
  context: StoreContext,
  { id, queueId, now }: { readonly id: number; readonly queueId: string; readonly now: number },
  held: WireHold,
): void {
  const target = { queueId, now, events: [] }
  const order = { action: 'hold', ...held } as const
  for (const row of context.sql.selectControlledOfMessage(firstRecipientId(id), lastRecipientId(id)))
    controlRecipient(context, row, { order, target })
  context.sql.insertLedger(now, queueId, JSON.stringify(target.events))
}

function addRecipients(
  context: StoreContext,
  recipients: readonly WireRecipient[],
  { id, arrivedAt, claim, now, flow }: { id: number; arrivedAt: number; claim: boolean; now: number; flow: number },
): boolean[] {
  const claimed: boolean[] = []
  for (const [ordinal, recipient] of recipients.entries()) {
    const [address, original, reversePath, nextHop, isPrivate, notify, orcpt, expanded] = recipient
    if (expanded) {
      addExpanded(context, recipient, { id: recipientId(id, ordinal), now })
      claimed.push(false)
      continue
    }
    const claims = claim && !context.totals.isSuspended(nextHop)
    const nextAttempt = claims ? nextAttemptAt({ arrivedAt, now }, context.retry, context.random) : now
    context.sql.insertRecipient({
      id: recipientId(id, ordinal),
      state: claims ? stateNumber.claimed : stateNumber.queued,
      nextHop,
      nextAttemptAt: nextAttempt,
      attempt: claims ? 1 : 0,
      notify,
      private: isPrivate,
      address,
      original,
      reversePath,
      orcpt,
      flow,
    })
    if (!claims) context.totals.add(nextHop, nextAttempt)
    claimed.push(claims)
  }
  return claimed
}

/** An expanded address is delivered at acceptance: there is no attempt, only a notice (RFC 3461 5.2.7.3). */
function addExpanded(
  context: StoreContext,
  recipient: WireRecipient,
  { id, now }: { readonly id: number; readonly now: number },
): void {
  const [address, original, reversePath, nextHop, isPrivate, notify, orcpt] = recipient
  const end = { state: stateNumber.delivered, nextAttemptAt: now }
  const names = { nextHop, private: isPrivate, address, original, reversePath, orcpt }
  context.sql.insertRecipient({ id, ...end, ...names, attempt: 0, notify, flow: 0 })
  const result = { at: now, status: '2.1.5', reply: '', host: null, replyClass: null }
  context.sql.updateAttempted(id, { ...end, ...result, notice: noticeNumber.expanded })
}
