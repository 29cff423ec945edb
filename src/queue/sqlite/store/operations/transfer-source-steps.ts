// Transfer steps of the source: freezes whole messages before they are offered, deletes them when the target accepted them, or restores them.
// Messages with a running attempt are left out, because its outcome belongs to this queue.

import type { TransferredEvent } from '../../../../observe/events.ts'
import type { TransferStepAnswers, TransferStep } from '../../../transfer/transfer-step.ts'
import { checkMove, isWaiting, stateOf } from '../../../contract/states.ts'
import type { StoreContext } from '../store-context.ts'
import { finishMessage } from './settle.ts'
import { refuseTransfer, acceptTransfer } from './transfer-target-steps.ts'

function beginTransfers(
  context: StoreContext,
  { step, now }: { readonly step: TransferStep & { kind: 'begin' }; readonly now: number },
): TransferStepAnswers['begin'] {
  const { target, address, tokens, after } = step
  const sql = context.sql.transfers
  const messages = sql.selectMovable(after, tokens.length)
  for (const [place, message] of messages.entries()) {
    sql.insertPendingTransfer({ message, token: tokens[place] as string, target, address, at: now })
    for (const { nextHop, keptState } of sql.freezeRecipients(message)) {
      const state = stateOf(keptState)
      checkMove(state, 'transferring')
      if (isWaiting(state)) context.totals.remove(nextHop)
    }
  }
  return messages
}

function commitTransfers(
  context: StoreContext,
  { step, now }: { readonly step: TransferStep & { kind: 'commit' }; readonly now: number },
): null {
  const sql = context.sql.transfers
  checkMove('transferring', 'gone')
  for (const token of step.tokens) {
    const row = sql.selectPendingTransfer(token)
    const facts = row && context.sql.selectMessageFacts(row.message)
    if (!row || !facts) continue
    const { to, by } = step
    const base = { kind: 'transferred', at: now, queueId: facts.queueId, to, by } as const
    const events = sql.deleteRecipientsOf(row.message).map((recipient): TransferredEvent => ({ ...base, recipient }))
    sql.deletePendingTransfer(row.message)
    finishMessage(context, row.message)
    context.sql.insertLedger(now, facts.queueId, JSON.stringify(events))
  }
  return null
}

function abortTransfers(context: StoreContext, { step }: { readonly step: TransferStep & { kind: 'abort' } }): null {
  const sql = context.sql.transfers
  for (const token of step.tokens) {
    const row = sql.selectPendingTransfer(token)
    if (!row) continue
    for (const { nextHop, state, nextAttemptAt } of sql.thawRecipients(row.message)) {
      checkMove('transferring', stateOf(state))
      if (isWaiting(stateOf(state))) context.totals.add(nextHop, nextAttemptAt)
    }
    sql.deletePendingTransfer(row.message)
  }
  return null
}

export function runTransferStep(
  context: StoreContext,
  { step, now }: { readonly step: TransferStep; readonly now: number },
): TransferStepAnswers[TransferStep['kind']] {
  switch (step.kind) {
    case 'identity':
      return context.sql.transfers.selectIdentity()
    case 'accept':
      return acceptTransfer(context, { step, now })
    case 'refuse':
      return refuseTransfer(context, { step, now })
    case 'begin':
      return beginTransfers(context, { step, now })
    case 'commit':
      return commitTransfers(context, { step, now })
    case 'abort':
      return abortTransfers(context, { step })
  }
}
