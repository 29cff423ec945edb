// One action of an operator on one recipient, with its ledger events. On a recipient whose attempt is running the action becomes pending;
// `applyPending` applies it when the attempt ends without a final outcome.

import { BOUNCED_STATUS } from '../../../contract/queue-control.ts'
import type { ControlledEvent, Event } from '../../../../observe/events.ts'
import type { ControlAction } from '../../../contract/queue-control.ts'
import type { Hold } from '../../../contract/queue-reader.ts'
import { effectOf } from '../../../contract/control-effect.ts'
import { noticeNumber, wantsNotice } from '../../../contract/notify-bits.ts'
import { messageOf } from '../recipient-id.ts'
import { checkMove, isWaiting, stateNumber, stateOf } from '../../../contract/states.ts'
import type { ControlledRow } from '../statements/control-rows.ts'
import type { StoreContext } from '../store-context.ts'

export interface ControlOrder {
  readonly action: ControlAction
  readonly by: string
  readonly reason: string
  /** Of a hold: unix ms of its end. */
  readonly until?: number
}

export interface ControlContext {
  readonly queueId: string
  readonly now: number
  readonly events: Event[]
}

/** Applies the action. Returns its effect; `nothing`: the action has none in that state. */
export function controlRecipient(
  context: StoreContext,
  row: ControlledRow,
  { order, target }: { order: ControlOrder; target: ControlContext },
): 'changed' | 'after-attempt' | 'nothing' {
  const state = stateOf(row.state)
  const effect = effectOf(order.action, state)
  if (effect === 'nothing') return 'nothing'
  if (effect === 'pending') return setPendingAction(context, row, { order, target })
  switch (order.action) {
    case 'hold':
      move(context, row, { state: 'held', nextAttemptAt: row.nextAttemptAt })
      setHold(context, row.id, { at: target.now, by: order.by, reason: order.reason, ...endOf(order) })
      break
    case 'release':
      move(context, row, { state: row.attempt > 0 ? 'deferred' : 'queued', nextAttemptAt: target.now })
      context.sql.updateHold(row.id, null)
      break
    case 'retry':
      context.totals.remove(row.nextHop)
      context.sql.updateState(row.id, row.state, target.now)
      context.totals.add(row.nextHop, target.now)
      break
    case 'remove':
      checkMove(state, 'gone')
      if (isWaiting(state)) context.totals.remove(row.nextHop)
      context.sql.deleteRecipient(row.id)
      break
    case 'bounce':
      if (isWaiting(state)) context.totals.remove(row.nextHop)
      endRecipient(context, row, {
        state: 'failed',
        at: target.now,
        status: BOUNCED_STATUS,
        reply: order.reason,
      })
  }
  report(row, { order, target })
  return 'changed'
}

function endOf({ until }: ControlOrder): { readonly until?: number } {
  return until === undefined ? {} : { until }
}

/** Records who holds a held recipient. */
export function setHold(context: StoreContext, id: number, hold: Hold): void {
  context.sql.updateHold(id, JSON.stringify(hold))
}

/** Ends a recipient without an attempt; the row is removed at once if no notice is due. */
export function endRecipient(
  context: StoreContext,
  row: ControlledRow,
  end: { state: 'failed' | 'expired'; at: number; status: string; reply: string },
): void {
  checkMove(stateOf(row.state), end.state)
  if (wantsNotice(row.notify, 'failed'))
    context.sql.updateFinal(row.id, {
      ...end,
      state: stateNumber[end.state],
      notice: noticeNumber.failed,
      // An expired recipient keeps what its last attempt left; any other end is a decision of this node, not of the last host.
      isOurs: end.state === 'failed',
    })
  else context.sql.deleteRecipient(row.id)
}

/** Applies the pending action of a recipient whose attempt ended; it is queued or deferred now. */
export function applyPending(
  context: StoreContext,
  one: { id: number; pendingAction: string; now: number; events: Event[] },
): void {
  const row = context.sql.selectControlled(one.id)
  const facts = context.sql.selectMessageFacts(messageOf(one.id))
  if (!row || !facts) return
  const order = JSON.parse(one.pendingAction) as ControlOrder
  controlRecipient(context, row, { order, target: { queueId: facts.queueId, now: one.now, events: one.events } })
}

function setPendingAction(
  context: StoreContext,
  row: ControlledRow,
  { order, target }: { order: ControlOrder; target: ControlContext },
): 'after-attempt' | 'nothing' {
  const isRelease = order.action === 'release'
  const isNew = context.sql.updatePendingAction(row.id, isRelease ? null : JSON.stringify(order))
  if (isRelease && !isNew) return 'nothing'
  const { queueId, now, events } = target
  events.push({ kind: 'action-pending', at: now, queueId, recipient: row.address, ...order })
  return 'after-attempt'
}

function move(
  context: StoreContext,
  row: ControlledRow,
  to: { state: 'held' | 'queued' | 'deferred'; nextAttemptAt: number },
): void {
  const from = stateOf(row.state)
  checkMove(from, to.state)
  if (isWaiting(from)) context.totals.remove(row.nextHop)
  context.sql.updateState(row.id, stateNumber[to.state], to.nextAttemptAt)
  if (isWaiting(to.state)) context.totals.add(row.nextHop, to.nextAttemptAt)
}

const eventKinds: Record<ControlAction, ControlledEvent['kind']> = {
  hold: 'held',
  release: 'released',
  retry: 'retried',
  remove: 'removed',
  bounce: 'bounced',
}

function report(row: ControlledRow, { order, target }: { order: ControlOrder; target: ControlContext }): void {
  const base = { at: target.now, queueId: target.queueId, recipient: row.address }
  const destination = order.action === 'retry' ? { destination: row.nextHop } : {}
  const { by, reason } = order
  target.events.push({ kind: eventKinds[order.action], ...base, by, reason, ...endOf(order), ...destination })
  if (order.action !== 'bounce') return
  target.events.push({
    kind: 'failed',
    scope: 'recipient',
    ...base,
    attempt: row.attempt,
    host: null,
    reply: order.reason,
    status: BOUNCED_STATUS,
    tls: null,
  })
}
