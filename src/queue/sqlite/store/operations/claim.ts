// Operation claim: the right to attempt what is due for one destination. Attempt number and next-attempt time are committed before the
// connection, so a crash costs one wait. Flows (flow.ts) take turns: each flow with something due gives one message, then the next flow does,
// so a sender with a million messages delays no other sender. The cost is the claimed rows and two index look-ups per flow.

import type { OperationResults, WireClaim } from '../../worker/worker-protocol.ts'
import { messageOf } from '../recipient-id.ts'
import { nextAttemptAt } from '../../../scheduling/retry-schedule.ts'
import type { ClaimRow } from '../statements/claim-rows.ts'
import type { StoreContext } from '../store-context.ts'
import type { WireStored } from '../../worker/worker-protocol.ts'

/** Recipients of one claim, which becomes one mail transaction at most (Postfix default_destination_recipient_limit). */
export const RECIPIENTS_PER_CLAIM = 50
/** Messages of one claim request: bounds one step of the worker. */
const MESSAGES_PER_REQUEST = 100
/** Above every flow. */
const LAST_FLOW = Number.MAX_SAFE_INTEGER
/** Flows without due mail that one request may pass: they must not make a step long. */
const FLOWS_PASSED = 200
/** Index entries read per message wanted of a flow: a message with more recipients waits for its next turn. */
const LOOK_AHEAD = 8

interface Request {
  readonly nextHop: string
  readonly limit: number
  readonly now: number
}

export function claim(context: StoreContext, request: Request): OperationResults['claim'] {
  const { nextHop, now } = request
  if (context.totals.isSuspended(nextHop)) return []
  const limit = Math.min(request.limit, MESSAGES_PER_REQUEST)
  const claims: WireClaim[] = []
  const { turns, continueAfter } = inTurn(context, { nextHop, now, limit })
  let served = continueAfter
  for (const { flow, message } of turns) {
    if (claims.length === limit) break
    const one = claimMessage(context, message, { nextHop, now })
    if (one) claims.push(one)
    if (continueAfter === null) served = flow
  }
  if (served === null) context.lastServedFlow.delete(nextHop)
  else context.lastServedFlow.set(nextHop, served)
  return claims
}

interface Turn {
  readonly flow: number
  readonly message: number
}

interface Turns {
  readonly turns: readonly Turn[]
  /** The flow after which the next request begins; null: after the last served flow. */
  readonly continueAfter: number | null
}

/** Due messages, one of each flow in turn, beginning after the flow that was served last: at least `limit` if there are that many. */
function inTurn(context: StoreContext, request: Request): Turns {
  const { nextHop, now, limit } = request
  const { sql } = context
  const { heads, continueAfter } = dueFlows(context, request)
  if (heads.length === limit) return { turns: heads, continueAfter }
  if (heads.length === 0) {
    // No flow in reach has due mail and more flows follow: the oldest due message is served.
    const oldest = continueAfter === null ? null : sql.selectOldestDue(nextHop, now)
    return { turns: oldest === null ? [] : [{ flow: -1, message: messageOf(oldest) }], continueAfter }
  }
  const share = Math.ceil(limit / heads.length)
  const ofFlow = heads.map(({ flow }) => {
    const ids = sql.selectDueOfFlow({ nextHop, flow, now }, share * LOOK_AHEAD)
    return messagesOf(ids, share).map((message) => ({ flow, message }))
  })
  const rounds = Array.from({ length: share }, (_, round) => ofFlow.flatMap((own) => own[round] ?? []))
  return { turns: rounds.flat(), continueAfter }
}

/** The heads of the next flows with something due, up to `limit`. */
function dueFlows(
  { sql, lastServedFlow }: StoreContext,
  { nextHop, now, limit }: Request,
): { readonly heads: readonly Turn[]; readonly continueAfter: number | null } {
  const served = lastServedFlow.get(nextHop) ?? -1
  const heads: Turn[] = []
  let passed = 0
  for (const [after, upTo] of served < 0
    ? [[-1, LAST_FLOW]]
    : [
        [served, LAST_FLOW],
        [-1, served],
      ]) {
    for (const { flow, id } of sql.iterateFlows({ nextHop, now, after: after as number, upTo: upTo as number })) {
      if (id !== null) heads.push({ flow, message: messageOf(id) })
      if (heads.length === limit || ++passed === limit + FLOWS_PASSED) return { heads, continueAfter: flow }
    }
  }
  return { heads, continueAfter: null }
}

/** The messages of these recipients, each once, at most `most`. */
function messagesOf(ids: readonly number[], most: number): number[] {
  return [...new Set(ids.map(messageOf))].slice(0, most)
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
    context.totals.remove(due.nextHop)
  }
  return { message, reversePath: first.reversePath, recipients: rows.map(claimedRow) }
}

/** The due recipients with the reverse-path of the first. */
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

/** Reads a message with its content; null if it was removed. */
export function storedMessage(context: StoreContext, id: number): WireStored | null {
  const row = context.sql.selectMessage(id)
  if (row === null) return null
  const { content, ...rest } = row
  const { start, end } = context.addReplyOctets(content)
  return { ...rest, contentStart: start, contentEnd: end }
}
