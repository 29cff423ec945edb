// Operation release: claims that were not started go back, without counting the attempt, due at once.

import { isWaiting, stateOf } from '../../../contract/states.ts'
import type { StoreContext } from '../store-context.ts'
import type { Event } from '../../../../observe/events.ts'
import { messageOf } from '../recipient-id.ts'
import { applyPending } from './apply-action.ts'
import { finishMessage } from './settle.ts'

export function release(
  context: StoreContext,
  request: { readonly recipients: readonly number[]; readonly now: number },
): null {
  for (const id of request.recipients) {
    const back = context.sql.unclaim(id, request.now)
    if (!back || !isWaiting(stateOf(back.state))) continue
    context.totals.add(back.nextHop, request.now)
    if (back.pendingAction !== null)
      applyAfterRelease(context, { id, pendingAction: back.pendingAction, now: request.now })
  }
  return null
}

function applyAfterRelease(context: StoreContext, one: { id: number; pendingAction: string; now: number }): void {
  const message = messageOf(one.id)
  const facts = context.sql.selectMessageFacts(message)
  const events: Event[] = []
  // It must not be applied again after a later attempt.
  context.sql.updatePendingAction(one.id, null)
  applyPending(context, { ...one, events })
  if (facts && events.length > 0) context.sql.insertLedger(one.now, facts.queueId, JSON.stringify(events))
  finishMessage(context, message)
}
