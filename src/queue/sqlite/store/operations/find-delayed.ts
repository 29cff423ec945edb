// Room queue, operation warn: marks recipients as late that nobody attempts, because their destination was found dead by the mail of others.
// Messages are looked at in the order of their rows, each once: who was in an attempt then, or suspended, is judged when his attempt is settled.

import { noticeNumber, wantsNotice } from '../../../contract/notify-bits.ts'
import type { OperationResults } from '../../worker/worker-protocol.ts'
import { firstRecipientId, lastRecipientId } from '../recipient-id.ts'
import { isWaiting, stateOf } from '../../../contract/states.ts'
import type { StoreContext } from '../store-context.ts'

/** Messages looked at in one step. */
const STEP_MESSAGES = 500
/** RFC 3463: no answer from host. */
const UNREACHED = { status: '4.4.1', reply: 'the destination could not be reached so far' } as const

/** `upTo` is the last message that was judged; there is more to judge now if `more`. */
export function findDelayed(
  context: StoreContext,
  request: { readonly now: number; readonly after: number },
): OperationResults['warn'] {
  const { delayWarningMs } = context.retry
  if (delayWarningMs === null) return { late: 0, upTo: request.after, more: false }
  const rows = context.sql.selectMessageLifetimes(request.after, STEP_MESSAGES)
  // Messages of other queues stand behind younger ones: they wait until those are late as well.
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
