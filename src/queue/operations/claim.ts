// Room queue, operation claim: the right to attempt what is due for one destination. Attempt number and next-attempt time are written
// here, before any dial: a crash later costs one wait, never a storm. Senders take turns: each flow (flow.ts) with something due gives one
// message, then the next one does, so whoever queues a million messages holds up nobody else. Cost: the claimed rows and a look at each
// flow passed, whatever waits behind them.

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
/** Flows passed without anything due in one request; then the oldest mail is taken, and the next request goes on from there. */
const IDLE_FLOWS = 200

interface Request {
  readonly nextHop: string
  readonly limit: number
  readonly now: number
}

export function claim(context: StoreContext, request: Request): Answers['claim'] {
  const { nextHop, now } = request
  if (context.book.isSuspended(nextHop)) return []
  const limit = Math.min(request.limit, MESSAGES_PER_REQUEST)
  const claims: WireClaim[] = []
  const next = inTurn(context, request)
  while (claims.length < limit) {
    const id = next()
    if (id === null) break
    const one = claimMessage(context, messageOf(id), { nextHop, now })
    if (!one) break
    claims.push(one)
  }
  return claims
}

/** Gives the first due recipient of the next flow; null when no flow has one. Each call sees what the claims before have left. */
function inTurn(context: StoreContext, { nextHop, now }: Request): () => number | null {
  const { sql, turns } = context
  let idle = 0
  return () => {
    for (let wrapped = false; idle < IDLE_FLOWS; ) {
      const flow = sql.selectNextFlow(nextHop, turns.get(nextHop) ?? -1)
      if (flow === null) {
        const nothingWaits = !turns.delete(nextHop)
        if (wrapped || nothingWaits) return null
        wrapped = true
        continue
      }
      turns.set(nextHop, flow)
      const id = sql.selectDueOfFlow(nextHop, flow, now)
      if (id !== null) return id
      idle++
    }
    return sql.selectOldestDue(nextHop, now)
  }
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
