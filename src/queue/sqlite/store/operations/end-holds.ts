// Operation end-holds: recipients whose hold has an end that is over fail, as if an operator bounced them. Their senders are notified if they
// are proven.

import type { Event } from '../../../../observe/events.ts'
import type { OperationResults } from '../../worker/worker-protocol.ts'
import { messageOf } from '../recipient-id.ts'
import type { StoreContext } from '../store-context.ts'
import { controlRecipient } from './apply-action.ts'
import { finishMessage } from './settle.ts'

/** Recipients of one step. */
const STEP_RECIPIENTS = 500
const ENDED = 'the message was held as suspicious, and not released in time'

export function endHolds(context: StoreContext, { now }: { readonly now: number }): OperationResults['end-holds'] {
  const rows = context.sql.selectEndedHolds(now, STEP_RECIPIENTS)
  const order = { action: 'bounce', by: 'node', reason: ENDED } as const
  for (const [id, own] of Map.groupBy(rows, (row) => messageOf(row.id))) {
    const facts = context.sql.selectMessageFacts(id)
    if (!facts) continue
    const events: Event[] = []
    for (const row of own) controlRecipient(context, row, { order, target: { queueId: facts.queueId, now, events } })
    context.sql.insertLedger(now, facts.queueId, JSON.stringify(events))
    finishMessage(context, id)
  }
  return { ended: rows.length, more: rows.length === STEP_RECIPIENTS }
}
