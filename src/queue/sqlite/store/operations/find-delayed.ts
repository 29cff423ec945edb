// Operation find-delayed: finds recipients whose delay is due to be reported although no attempt was made, because their destination is known to be
// unreachable. Each message is checked once, in the order of rows; recipients in an attempt are judged when it is settled.

import { noticeNumber, wantsNotice } from '../../../contract/notify-bits.ts'
import type { OperationResults } from '../../worker/worker-protocol.ts'
import { firstRecipientId, lastRecipientId } from '../recipient-id.ts'
import { isWaiting, stateOf } from '../../../contract/states.ts'
import type { StoreContext } from '../store-context.ts'

/** Messages of one step. */
const STEP_MESSAGES = 500
/** RFC 3463: no answer from host. */
const UNREACHED = { status: '4.4.1', reply: 'the destination has not been reachable so far' } as const

/** `upTo` is the last message that was checked; `more`: another step has something to check now. */
export function findDelayed(
  context: StoreContext,
  request: { readonly now: number; readonly after: number },
): OperationResults['find-delayed'] {
  const { delayWarningMs } = context.retry
  if (delayWarningMs === null) return { late: 0, upTo: request.after, more: false }
  const rows = context.sql.selectMessageLifetimes(request.after, STEP_MESSAGES)
  // Transferred messages come after younger ones and wait until those are delayed too.
  const young = rows.findIndex((row) => row.arrivedAt + delayWarningMs > request.now)
  const old = young < 0 ? rows : rows.slice(0, young)
  let late = 0
  for (const { id } of old) late += warnMessage(context, id, request.now)
  return { late, upTo: old.at(-1)?.id ?? request.after, more: old.length === STEP_MESSAGES }
}

function warnMessage(context: StoreContext, message: number, now: number): number {
  let late = 0
  for (const row of context.sql.selectControlledOfMessage(firstRecipientId(message), lastRecipientId(message))) {
    if (!isWaiting(stateOf(row.state)) || context.totals.isSuspended(row.nextHop)) continue
    if (!wantsNotice(row.notify, 'delayed')) continue
    if (context.sql.markDelayed(row.id, { notice: noticeNumber.delayed, at: now, ...UNREACHED })) late++
  }
  return late
}
