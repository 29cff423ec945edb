// Room queue: one action of a person on one recipient, with its ledger events. A claimed recipient only gets a wish, which `grantWish`
// applies when its attempt ended without a final outcome.

import type { ControlledEvent, Event } from '../../../observe/events.ts'
import type { ControlAction } from '../../contract/queue-control.ts'
import { effectOf } from '../../contract/control-effect.ts'
import { noticeNumber, wantsNotice } from '../../contract/notify-bits.ts'
import { messageOf } from '../recipient-id.ts'
import { checkMove, isWaiting, stateNumber, stateOf } from '../../contract/states.ts'
import type { SteeredRow } from '../statements/control-recipient.ts'
import type { StoreContext } from '../store-context.ts'

export interface Order {
  readonly action: ControlAction
  readonly by: string
  readonly reason: string
}

export interface Steering {
  readonly queueId: string
  readonly now: number
  readonly events: Event[]
}

/** Enhanced status of a mail that a person returns (RFC 3463: other or undefined status). */
const BOUNCED_STATUS = '5.0.0'

/** Does it; says what came of it. `nothing`: the action has no meaning in that state. */
export function steerRecipient(
  context: StoreContext,
  row: SteeredRow,
  { order, steering }: { order: Order; steering: Steering },
): 'changed' | 'after-attempt' | 'nothing' {
  const state = stateOf(row.state)
  const effect = effectOf(order.action, state)
  if (effect === 'nothing') return 'nothing'
  if (effect === 'wish') return leaveWish(context, row, { order, steering })
  switch (order.action) {
    case 'hold':
      move(context, row, { state: 'held', nextAttemptAt: row.nextAttemptAt })
      break
    case 'release':
      move(context, row, { state: row.attempt > 0 ? 'deferred' : 'queued', nextAttemptAt: steering.now })
      break
    case 'retry':
      context.book.taken(row.nextHop)
      context.sql.updateState(row.id, row.state, steering.now)
      context.book.added(row.nextHop, steering.now)
      break
    case 'remove':
      checkMove(state, 'gone')
      if (isWaiting(state)) context.book.taken(row.nextHop)
      context.sql.deleteRecipient(row.id)
      break
    case 'bounce':
      if (isWaiting(state)) context.book.taken(row.nextHop)
      endRecipient(context, row, {
        state: 'failed',
        at: steering.now,
        status: BOUNCED_STATUS,
        reply: order.reason,
      })
  }
  report(row, { order, steering })
  return 'changed'
}

/** Ends a recipient without an attempt: removed at once if nobody has to be told. */
export function endRecipient(
  context: StoreContext,
  row: SteeredRow,
  end: { state: 'failed' | 'expired'; at: number; status: string; reply: string },
): void {
  checkMove(stateOf(row.state), end.state)
  if (wantsNotice(row.notify, 'failed'))
    context.sql.updateFinal(row.id, { ...end, state: stateNumber[end.state], notice: noticeNumber.failed })
  else context.sql.deleteRecipient(row.id)
}

/** Applies the wish that was left on a recipient, now deferred. */
export function grantWish(
  context: StoreContext,
  one: { id: number; wish: string; now: number; events: Event[] },
): void {
  const row = context.sql.selectSteered(one.id)
  const facts = context.sql.selectMessageFacts(messageOf(one.id))
  if (!row || !facts) return
  const order = JSON.parse(one.wish) as Order
  steerRecipient(context, row, { order, steering: { queueId: facts.queueId, now: one.now, events: one.events } })
}

function leaveWish(
  context: StoreContext,
  row: SteeredRow,
  { order, steering }: { order: Order; steering: Steering },
): 'after-attempt' | 'nothing' {
  const isRelease = order.action === 'release'
  const isNew = context.sql.updateWish(row.id, isRelease ? null : JSON.stringify(order))
  if (isRelease && !isNew) return 'nothing'
  const { queueId, now, events } = steering
  events.push({ kind: 'action-pending', at: now, queueId, recipient: row.address, ...order })
  return 'after-attempt'
}

function move(
  context: StoreContext,
  row: SteeredRow,
  to: { state: 'held' | 'queued' | 'deferred'; nextAttemptAt: number },
): void {
  const from = stateOf(row.state)
  checkMove(from, to.state)
  if (isWaiting(from)) context.book.taken(row.nextHop)
  context.sql.updateState(row.id, stateNumber[to.state], to.nextAttemptAt)
  if (isWaiting(to.state)) context.book.added(row.nextHop, to.nextAttemptAt)
}

const eventKinds: Record<ControlAction, ControlledEvent['kind']> = {
  hold: 'held',
  release: 'released',
  retry: 'retried',
  remove: 'removed',
  bounce: 'bounced',
}

function report(row: SteeredRow, { order, steering }: { order: Order; steering: Steering }): void {
  const base = { at: steering.now, queueId: steering.queueId, recipient: row.address }
  const destination = order.action === 'retry' ? { destination: row.nextHop } : {}
  steering.events.push({ kind: eventKinds[order.action], ...base, by: order.by, reason: order.reason, ...destination })
  if (order.action !== 'bounce') return
  steering.events.push({
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
