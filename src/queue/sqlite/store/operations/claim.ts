// Room queue, operation claim: the right to attempt what is due for one destination. Attempt number and next-attempt time are written
// here, before any dial: a crash later costs one wait, never a storm. Senders take turns: each flow (flow.ts) with something due gives one
// message, then the next one does, so whoever queues a million messages holds up nobody else. Cost: the claimed rows and a look at each flow
// passed, whatever waits behind them.

import type { OperationResults, WireClaim } from '../../worker/worker-protocol.ts'
import { messageOf } from '../recipient-id.ts'
import { nextAttemptAt } from '../../../scheduling/retry-schedule.ts'
import type { ClaimRow } from '../statements/claim-rows.ts'
import type { StoreContext } from '../store-context.ts'
import type { WireStored } from '../../worker/worker-protocol.ts'

/** Recipients of one claim, which is one mail transaction at most (Postfix default_destination_recipient_limit). */
export const RECIPIENTS_PER_CLAIM = 50
/** Messages of one claim request: bounds one step of the worker. */
const MESSAGES_PER_REQUEST = 100
/** Behind every flow. */
const LAST_FLOW = Number.MAX_SAFE_INTEGER
/** Flows looked at in one request beyond those it takes from: those with nothing due must not make a step long. */
const FLOWS_PASSED = 200
/** Index entries of a flow looked at for each message wanted of it: beyond that a message with very many recipients waits for its next turn. */
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
  const { turns, goOnBehind } = inTurn(context, { nextHop, now, limit })
  let served = goOnBehind
  for (const { flow, message } of turns) {
    if (claims.length === limit) break
    const one = claimMessage(context, message, { nextHop, now })
    if (one) claims.push(one)
    if (goOnBehind === null) served = flow
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
  /** The flow behind which the next request begins; null: behind the one that is served last. */
  readonly goOnBehind: number | null
}

/** The messages that are due, one of each flow in turn, beginning behind the flow that was served last: at least `limit` if there are so many. */
function inTurn(context: StoreContext, request: Request): Turns {
  const { nextHop, now, limit } = request
  const { sql } = context
  const { heads, goOnBehind } = dueFlows(context, request)
  if (heads.length === limit) return { turns: heads, goOnBehind }
  if (heads.length === 0) {
    // Many flows were passed in vain and more wait: the oldest mail of all has a turn meanwhile.
    const oldest = goOnBehind === null ? null : sql.selectOldestDue(nextHop, now)
    return { turns: oldest === null ? [] : [{ flow: -1, message: messageOf(oldest) }], goOnBehind }
  }
  const share = Math.ceil(limit / heads.length)
  const ofFlow = heads.map(({ flow }) => {
    const ids = sql.selectDueOfFlow({ nextHop, flow, now }, share * LOOK_AHEAD)
    return messagesOf(ids, share).map((message) => ({ flow, message }))
  })
  const rounds = Array.from({ length: share }, (_, round) => ofFlow.flatMap((own) => own[round] ?? []))
  return { turns: rounds.flat(), goOnBehind }
}

/** The heads of the next flows with something due, up to `limit`. */
function dueFlows(
  { sql, lastServedFlow }: StoreContext,
  { nextHop, now, limit }: Request,
): { readonly heads: readonly Turn[]; readonly goOnBehind: number | null } {
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
      if (heads.length === limit || ++passed === limit + FLOWS_PASSED) return { heads, goOnBehind: flow }
    }
  }
  return { heads, goOnBehind: null }
}

/** The first messages that recipients belong to, each once. */
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

/** Reads a message with its content; null if it is gone. */
export function storedMessage(context: StoreContext, id: number): WireStored | null {
  const row = context.sql.selectMessage(id)
  if (row === null) return null
  const { content, ...rest } = row
  const { start, end } = context.addReplyOctets(content)
  return { ...rest, contentStart: start, contentEnd: end }
}
