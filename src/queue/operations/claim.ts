// Room queue, operation claim: the right to attempt what is due for one destination. Attempt number and next-attempt time are written
// here, before any dial: a crash later costs one wait, never a storm. Cost: the claimed rows, whatever waits behind them.

import type { Answers, WireClaim } from '../operation.ts'
import { messageOf } from '../recipient-id.ts'
import { nextAttemptAt } from '../retry.ts'
import type { ClaimRow } from '../statements/claim-recipients.ts'
import type { StoreContext } from '../store-context.ts'
import { storedMessage } from './stored-message.ts'

/** Recipients of one claim, which is one mail transaction at most (Postfix default_destination_recipient_limit). */
export const RECIPIENTS_PER_CLAIM = 50
/** Messages of one claim request: bounds one step of the worker. */
const MESSAGES_PER_REQUEST = 100
/** Index entries looked at for each message wanted: beyond that a message with very many recipients waits for its turn. */
const LOOK_AHEAD = 8

export function claim(
  context: StoreContext,
  request: { readonly nextHop: string; readonly limit: number; readonly now: number },
): Answers['claim'] {
  const { nextHop, now } = request
  if (context.book.isSuspended(nextHop)) return []
  const limit = Math.min(request.limit, MESSAGES_PER_REQUEST)
  const claims: WireClaim[] = []
  const seen = new Set<number>()
  for (const id of context.sql.selectDueIds(nextHop, now, limit * LOOK_AHEAD)) {
    if (claims.length >= limit) break
    const message = messageOf(id)
    if (seen.has(message)) continue
    seen.add(message)
    const one = claimMessage(context, message, { nextHop, now })
    if (one) claims.push(one)
  }
  return claims
}

function claimMessage(context: StoreContext, id: number, due: { nextHop: string; now: number }): WireClaim | null {
  const rows = dueRows(context, id, due)
  const message = storedMessage(context, id)
  const first = rows[0]
  if (!first || !message) return null
  for (const row of rows) {
    context.sql.markClaimed(
      row.id,
      nextAttemptAt({ arrivedAt: message.arrivedAt, now: due.now }, context.retry, context.random),
    )
    context.book.taken(due.nextHop)
  }
  return { message, reversePath: first.reversePath, recipients: rows.map(claimedRow) }
}

/** The due recipients that share the first one's reverse-path. */
function dueRows(context: StoreContext, message: number, due: { nextHop: string; now: number }): ClaimRow[] {
  const rows: ClaimRow[] = []
  for (const row of context.sql.selectDueOfMessage(message, due)) {
    if (rows.length > 0 && row.reversePath !== rows[0]?.reversePath) continue
    rows.push(row)
    if (rows.length === RECIPIENTS_PER_CLAIM) break
  }
  return rows
}

function claimedRow(row: ClaimRow) {
  const { id, attempt, notify, address, original, orcpt } = row
  return { id, attempt: attempt + 1, notify, private: row.private, address, original, orcpt }
}
