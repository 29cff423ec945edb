// Room queue: what the owner does once at open: claims that a crash left without an owner go back, at the time that was written before
// the dial, so that a restart costs one wait and makes no storm. What a person wished meanwhile is done before anything is sent again.

import type { Database } from 'better-sqlite3'
import type { Event } from '../../../../observe/events.ts'
import { messageOf } from '../recipient-id.ts'
import { checkMove } from '../../../contract/states.ts'
import { recoverClaimed } from '../statements/claim-rows.ts'
import type { StoreContext } from '../store-context.ts'
import { applyPending } from './apply-action.ts'
import { finishMessage } from './settle.ts'

/** Within a transaction. Returns how many recipients were recovered. */
export function recover(context: StoreContext, db: Database, now: number): number {
  checkMove('claimed', 'deferred')
  const recovered = recoverClaimed(db)
  for (const [message, rows] of Map.groupBy(recovered, ({ id }) => messageOf(id))) {
    const queueId = context.sql.selectMessageFacts(message)?.queueId ?? null
    const events: Event[] = []
    for (const { id, address, nextHop, nextAttemptAt, pendingAction } of rows) {
      context.totals.add(nextHop, nextAttemptAt)
      events.push({ kind: 'recovered', at: now, queueId, recipient: address, by: 'node', reason: 'interrupted' })
      if (pendingAction === null) continue
      context.sql.updatePendingAction(id, null)
      applyPending(context, { id, pendingAction, now, events })
    }
    finishMessage(context, message)
    context.sql.insertLedger(now, queueId, JSON.stringify(events))
  }
  return recovered.length
}
