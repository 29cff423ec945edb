// Operation expire: ends recipients whose lifetime is over and that could not be attempted, because their destination was unreachable all the
// time. Other recipients expire when their last attempt is settled. Message ids are in the order of arrival, except those of transferred
// messages and of those with a short lifetime, which are noted separately: the step that finds nothing expired is the last one.

import type { Event } from '../../../../observe/events.ts'
import type { OperationResults } from '../../worker/worker-protocol.ts'
import { firstRecipientId, lastRecipientId } from '../recipient-id.ts'
import { isWaiting, stateOf } from '../../../contract/states.ts'
import type { StoreContext } from '../store-context.ts'
import { endRecipient } from './apply-action.ts'
import { finishMessage } from './settle.ts'

/** Messages of one step. */
const STEP_MESSAGES = 500
/** RFC 3463: delivery time expired. */
const EXPIRED_STATUS = '4.4.7'

/** When transferred messages that still have held or suspended recipients are checked again, ms. */
const LOOK_AGAIN_MS = 86_400_000

export function expire(
  context: StoreContext,
  request: { readonly now: number; readonly after: number },
): OperationResults['expire'] {
  const before = request.now - context.retry.maximalGapMs
  const rows = context.sql.selectMessageLifetimes(request.after, STEP_MESSAGES)
  const over = rows.filter((row) => row.expiresAt < before)
  let expired = 0
  for (const row of over) expired += expireMessage(context, row, request.now)
  // These ids are not in the order of arrival and lifetime.
  const transferred = context.sql.transfers.takeTransferredMessages(before, STEP_MESSAGES)
  for (const id of transferred) {
    const facts = context.sql.selectMessageFacts(id)
    if (!facts) continue
    expired += expireMessage(context, { id, queueId: facts.queueId }, request.now)
    if (context.sql.selectMessageFacts(id))
      context.sql.transfers.insertTransferredMessage(request.now + LOOK_AGAIN_MS, id)
  }
  if (over.length > 0) return { expired, next: rows.at(-1)?.id ?? null }
  return { expired, next: transferred.length === STEP_MESSAGES ? request.after : null }
}

/** Ends the waiting recipients of a message. Returns how many. */
function expireMessage(
  context: StoreContext,
  { id, queueId }: { readonly id: number; readonly queueId: string },
  now: number,
): number {
  const events: Event[] = []
  for (const row of context.sql.selectControlledOfMessage(firstRecipientId(id), lastRecipientId(id))) {
    if (!isWaiting(stateOf(row.state)) || context.totals.isSuspended(row.nextHop)) continue
    const status = row.lastStatus ?? EXPIRED_STATUS
    const reply = row.lastReply ?? 'the destination could not be reached within the lifetime of the message'
    context.totals.remove(row.nextHop)
    endRecipient(context, row, { state: 'expired', at: now, status, reply })
    const { address: recipient, attempt, lastHost: host } = row
    events.push({ kind: 'expired', at: now, queueId, recipient, attempt, host, reply, status, tls: null })
  }
  if (events.length > 0) context.sql.insertLedger(now, queueId, JSON.stringify(events))
  finishMessage(context, id)
  return events.length
}
