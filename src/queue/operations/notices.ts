// Room queue, operations notices and notify: whose sender must be told, and that he was. Reading marks nothing; notify does nothing if one
// recipient no longer carries that notice, so a notice handed out twice is sent once.

import { noticeNumber } from '../notify-bits.ts'
import type { Answers, WireEvents, WireMessage, WireNotice } from '../operation.ts'
import { messageOf } from '../recipient-id.ts'
import { checkMove, stateOf } from '../states.ts'
import type { NoticeRow } from '../statements/notices.ts'
import type { StoreContext } from '../store-context.ts'
import { accept } from './accept.ts'
import { record } from './record.ts'
import { finishMessage } from './settle.ts'
import { storedMessage } from './stored-message.ts'

/** Rows read for one request: a DSN about more recipients is split. */
const ROWS_PER_REQUEST = 1_000

/** Tasks for up to `limit` messages, oldest first, behind a recipient id. */
export function notices(
  context: StoreContext,
  request: { readonly limit: number; readonly after: number },
): Answers['notices'] {
  const groups = new Map<string, NoticeRow[]>()
  for (const row of context.sql.selectNotices(request.after, ROWS_PER_REQUEST)) {
    const key = `${messageOf(row.id)}/${row.notice}`
    const group = groups.get(key)
    if (group) group.push(row)
    else if (groups.size < request.limit) groups.set(key, [row])
    else break
  }
  const tasks: WireNotice[] = []
  for (const rows of groups.values()) {
    const first = rows[0] as NoticeRow
    const message = storedMessage(context, messageOf(first.id))
    if (message) tasks.push({ message, notice: first.notice, recipients: rows.map(noticeRecipient) })
  }
  return tasks
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
    readonly dsn: WireMessage | null
    readonly events: readonly WireEvents[]
    readonly now: number
  },
): Answers['notify'] {
  const rows = request.recipients.map((id) => ({ id, row: context.sql.selectNotice(id) }))
  if (rows.some(({ row }) => row?.notice !== request.notice)) return false
  for (const { id, row } of rows) {
    if (request.notice === noticeNumber.delayed) {
      context.sql.markDelayTold(id)
      continue
    }
    checkMove(stateOf((row as { state: number }).state), 'gone')
    context.sql.deleteRecipient(id)
  }
  for (const message of new Set(request.recipients.map(messageOf))) finishMessage(context, message)
  if (request.dsn) accept(context, { message: request.dsn, claim: false, now: request.now })
  record(context, request)
  return true
}
