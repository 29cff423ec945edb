// Room queue, operation handover, the giving side: freezes whole messages before they are offered, ends them when they have arrived, or
// makes them as they were. Messages with an attempt under way are left out: what the peer says to it belongs here.

import type { HandedOverEvent } from '../../../observe/events.ts'
import type { HandoverAnswers, HandoverStep } from '../../transfer/transfer-step.ts'
import { checkMove, isWaiting, stateOf } from '../../contract/states.ts'
import type { StoreContext } from '../store-context.ts'
import { finishMessage } from './settle.ts'

export function leave(
  context: StoreContext,
  { step, now }: { readonly step: HandoverStep & { kind: 'leave' }; readonly now: number },
): HandoverAnswers['leave'] {
  const { target, address, tokens, after } = step
  const sql = context.sql.handover
  const messages = sql.selectMovable(after, tokens.length)
  for (const [place, message] of messages.entries()) {
    sql.insertLeaving({ message, token: tokens[place] as string, target, address, at: now })
    for (const { nextHop, keptState } of sql.freezeRecipients(message)) {
      const state = stateOf(keptState)
      checkMove(state, 'leaving')
      if (isWaiting(state)) context.book.taken(nextHop)
    }
  }
  return messages
}

export function left(
  context: StoreContext,
  { step, now }: { readonly step: HandoverStep & { kind: 'left' }; readonly now: number },
): null {
  const sql = context.sql.handover
  checkMove('leaving', 'gone')
  for (const token of step.tokens) {
    const row = sql.selectLeavingByToken(token)
    const facts = row && context.sql.selectMessageFacts(row.message)
    if (!row || !facts) continue
    const { to, by } = step
    const base = { kind: 'handed-over', at: now, queueId: facts.queueId, to, by } as const
    const events = sql.deleteRecipientsOf(row.message).map((recipient): HandedOverEvent => ({ ...base, recipient }))
    sql.deleteLeaving(row.message)
    finishMessage(context, row.message)
    context.sql.insertLedger(now, facts.queueId, JSON.stringify(events))
  }
  return null
}

export function stay(context: StoreContext, { step }: { readonly step: HandoverStep & { kind: 'stay' } }): null {
  const sql = context.sql.handover
  for (const token of step.tokens) {
    const row = sql.selectLeavingByToken(token)
    if (!row) continue
    for (const { nextHop, state, nextAttemptAt } of sql.thawRecipients(row.message)) {
      checkMove('leaving', stateOf(state))
      if (isWaiting(stateOf(state))) context.book.added(nextHop, nextAttemptAt)
    }
    sql.deleteLeaving(row.message)
  }
  return null
}
