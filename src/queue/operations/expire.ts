// Room queue, operation expire: ends recipients whose lifetime is over although nobody could even attempt them, because their destination
// was unreachable all the time. Messages are in the order of arrival: a step that finds nothing expired is the last one. The others expire when their last attempt is settled.

import type { Event } from '../../observe/events.ts'
import type { Answers } from '../operation.ts'
import { firstRecipientId, lastRecipientId } from '../recipient-id.ts'
import { isWaiting, stateOf } from '../states.ts'
import type { StoreContext } from '../store-context.ts'
import { endRecipient } from './control-recipient.ts'
import { finishMessage } from './settle.ts'

/** Messages looked at in one step. */
const STEP_MESSAGES = 500
/** RFC 3463: delivery time expired. */
const EXPIRED_STATUS = '4.4.7'

export function expire(
  context: StoreContext,
  request: { readonly now: number; readonly after: number },
): Answers['expire'] {
  const before = request.now - context.retry.maximalGapMs
  let expired = 0
  const rows = context.sql.selectMessageLifetimes(request.after, STEP_MESSAGES)
  const over = rows.filter((row) => row.expiresAt < before)
  for (const { id, queueId } of over) {
    const events: Event[] = []
    for (const row of context.sql.selectSteeredOfMessage(firstRecipientId(id), lastRecipientId(id))) {
      if (!isWaiting(stateOf(row.state)) || context.book.isSuspended(row.nextHop)) continue
      const status = row.lastStatus ?? EXPIRED_STATUS
      const reply = row.lastReply ?? 'the destination could not be reached within the lifetime of the message'
      context.book.taken(row.nextHop)
      endRecipient(context, row, { state: 'expired', at: request.now, status, reply })
      const { address: recipient, attempt, lastHost: host } = row
      events.push({ kind: 'expired', at: request.now, queueId, recipient, attempt, host, reply, status, tls: null })
    }
    expired += events.length
    if (events.length > 0) context.sql.insertLedger(request.now, queueId, JSON.stringify(events))
    finishMessage(context, id)
  }
  return { expired, next: over.length > 0 ? (rows.at(-1)?.id ?? null) : null }
}
