// Operations notices and notify: which notices are due, and that one is sent. Reading changes nothing. `notify` does nothing if one recipient no
// longer has that notice, so a notice that is read twice is sent once.

import { noticeNumber } from '../../../contract/notify-bits.ts'
import type { OperationResults, WireEvents, WireMessage, WireNotice } from '../../worker/worker-protocol.ts'
import { firstRecipientId, lastRecipientId, messageOf } from '../recipient-id.ts'
import { checkMove, stateOf } from '../../../contract/states.ts'
import type { NoticeRow } from '../statements/notice-rows.ts'
import type { StoreContext } from '../store-context.ts'
import { accept } from './accept-message.ts'
import { record } from './write-ledger.ts'
import { finishMessage } from './settle.ts'
import { storedMessage } from './claim.ts'

/** Rows read for one request: a DSN about more recipients is split. */
const ROWS_PER_REQUEST = 1_000

/**
 * How long a notice waits for recipients of its message without a finished attempt, ms: a message to a thousand recipients that fail one
 * after the other gets one report, not a thousand (Postfix reports when a delivery run ends).
 */
export const GATHERING_MS = 300_000

/** Notices of about `limit` messages after a recipient id, oldest first. */
export function notices(
  context: StoreContext,
  request: { readonly limit: number; readonly after: number; readonly now: number },
): OperationResults['notices'] {
  const tasks: WireNotice[] = []
  for (let from = request.after; tasks.length === 0; ) {
    const rows = context.sql.selectNotices(from, ROWS_PER_REQUEST)
    if (rows.length === 0) break
    for (const [message, own] of Map.groupBy(rows, ({ id }) => messageOf(id))) {
      if (tasks.length >= request.limit) break
      const gathers = isGathering(context, own, request.now)
      from = gathers ? lastRecipientId(message) : (own.at(-1) as NoticeRow).id
      if (!gathers) tasks.push(...tasksOf(context, message, own))
    }
  }
  return tasks
}

/** True if more recipients of the message may end soon. */
function isGathering(context: StoreContext, rows: readonly NoticeRow[], now: number): boolean {
  const oldest = Math.min(...rows.map(({ lastAt }) => lastAt ?? 0))
  const message = messageOf((rows[0] as NoticeRow).id)
  return oldest > now - GATHERING_MS && context.sql.isUnderWay(firstRecipientId(message), lastRecipientId(message))
}

/** One task per kind of notice. */
function tasksOf(context: StoreContext, id: number, rows: readonly NoticeRow[]): WireNotice[] {
  const message = storedMessage(context, id)
  if (!message) return []
  return [...Map.groupBy(rows, ({ notice }) => notice)].map(([notice, own]) => ({
    message,
    notice,
    recipients: own.map(noticeRecipient),
  }))
}

function noticeRecipient(row: NoticeRow): WireNotice['recipients'][number] {
  const { id, nextHop, notify, address, original, reversePath, orcpt } = row
  const expired = stateOf(row.state) === 'expired'
  const { lastHost: host, lastClass: replyClass } = row
  const last = { lastAt: row.lastAt ?? 0, status: row.lastStatus ?? '', reply: row.lastReply ?? '', host, replyClass }
  return { id, nextHop, notify, private: row.private, address, original, reversePath, orcpt, expired, ...last }
}

export function notify(
  context: StoreContext,
  request: {
    readonly recipients: readonly number[]
    readonly notice: number
    readonly reports: readonly WireMessage[]
    readonly events: readonly WireEvents[]
    readonly now: number
  },
): OperationResults['notify'] {
  const rows = request.recipients.map((id) => ({ id, row: context.sql.selectNotice(id) }))
  if (rows.some(({ row }) => row?.notice !== request.notice)) return false
  for (const { id, row } of rows) {
    if (request.notice === noticeNumber.delayed) {
      context.sql.markDelayNotified(id)
      continue
    }
    checkMove(stateOf((row as { state: number }).state), 'gone')
    context.sql.deleteRecipient(id)
  }
  for (const message of new Set(request.recipients.map(messageOf))) finishMessage(context, message)
  for (const message of request.reports) accept(context, { message, claim: false, now: request.now })
  record(context, request)
  return true
}
