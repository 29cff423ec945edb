// Recovery at open: claims that a crash left go back to deferred, with the next-attempt time that was committed before the connection, so a
// restart causes no burst of attempts. Pending actions are applied before anything is sent.

import type { Database } from 'better-sqlite3'
import type { Event } from '../../../../observe/events.ts'
import { messageOf } from '../recipient-id.ts'
import { checkMove } from '../../../contract/states.ts'
import { recoverClaimed } from '../statements/claim-rows.ts'
import type { StoreContext } from '../store-context.ts'
import { applyPending } from './apply-action.ts'
import { finishMessage } from './settle.ts'

/** Runs in a transaction. Returns how many recipients were recovered. */
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
