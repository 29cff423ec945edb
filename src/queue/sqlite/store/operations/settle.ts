// Operation settle: records the outcome of an attempt per recipient, with its ledger event, in one transaction. Decides between deferred and
// expired, and whether a notice is due (RFC 3461 4.1). Outcomes of recipients that are no longer claimed change nothing.

import type { Event } from '../../../../observe/events.ts'
import { noticeNumber, wantsNotice } from '../../../contract/notify-bits.ts'
import type { TlsResult } from '../../../../smtp/tls-result.ts'
import type { DeliveredFacts } from '../../../contract/queue.ts'
import { decodeTls } from '../../worker/worker-codec.ts'
import type { Operation, OperationResults, WireDelivered, WireOutcome } from '../../worker/worker-protocol.ts'
import { firstRecipientId, lastRecipientId, messageOf } from '../recipient-id.ts'
import { nextAttemptAt } from '../../../scheduling/retry-schedule.ts'
import { checkMove, stateNumber } from '../../../contract/states.ts'
import type { ClaimedRow } from '../statements/settle-rows.ts'
import type { MessageFacts } from '../statements/message-rows.ts'
import type { StoreContext } from '../store-context.ts'
import { applyPending } from './apply-action.ts'

interface Settling {
  readonly queueId: string
  readonly now: number
  readonly events: Event[]
  /** The message of the claim; null until it is read, if the caller does not know it. */
  facts: DeliveredFacts | null
}

export function settle(
  context: StoreContext,
  request: Omit<Operation & { kind: 'settle' }, 'kind'>,
): OperationResults['settle'] {
  const settling: Settling = { queueId: request.queueId, now: request.now, events: [], facts: factsOf(request.message) }
  const messages = new Set<number>()
  for (const wire of request.outcomes) {
    const outcome = unpack(wire)
    settleOne(context, settling, outcome)
    messages.add(messageOf(outcome.id))
  }
  let noticesDue = false
  // Notices of recipients that ended earlier may have waited for this one.
  for (const message of messages)
    if (!finishMessage(context, message))
      noticesDue ||= context.sql.hasNotice(firstRecipientId(message), lastRecipientId(message))
  if (settling.events.length > 0)
    context.sql.insertLedger(settling.now, settling.queueId, JSON.stringify(settling.events))
  return noticesDue
}

function factsOf(message: WireDelivered | null): DeliveredFacts | null {
  if (!message) return null
  const [sender, arrivedAt, size] = message
  return { sender, arrivedAt, size }
}

interface AttemptOutcome {
  readonly id: number
  readonly kind: 'delivered' | 'deferred' | 'failed'
  readonly scope: string | null
  readonly status: string
  readonly reply: string
  readonly host: string | null
  readonly tls: TlsResult | null
  readonly dsnPassedOn: boolean
  readonly retryAt: number | null
  readonly replyClass?: string | undefined
  readonly advice?: string | undefined
}

function unpack(wire: WireOutcome): AttemptOutcome {
  const [id, kind, scope, status, reply, host, tls, dsnPassedOn, retryAt, replyClass, advice] = wire
  return { id, kind, scope, status, reply, host, tls: decodeTls(tls), dsnPassedOn, retryAt, replyClass, advice }
}

/** Removes a message without recipients; its spool file is deleted after the commit. True if it was removed. */
export function finishMessage(context: StoreContext, message: number): boolean {
  const { removed, spoolFile } = context.sql.removeFinishedMessage(message)
  if (spoolFile !== null) context.freedFiles.push(spoolFile)
  return removed
}

function settleOne(context: StoreContext, settling: Settling, outcome: AttemptOutcome): void {
  if (outcome.kind === 'delivered') {
    const delivered = context.sql.takeDelivered(outcome.id, outcome.dsnPassedOn)
    if (delivered) {
      pushDelivered(context, settling, { outcome, row: delivered })
      return
    }
  }
  const row = context.sql.selectClaimed(outcome.id)
  if (!row) return
  const end = attemptEnd(settling, outcome, row)
  switch (outcome.kind) {
    case 'delivered':
      pushDelivered(context, settling, { outcome, row })
      return finish(context, settling, { outcome, row, state: 'delivered' })
    case 'failed':
      settling.events.push({ kind: 'failed', scope: outcome.scope ?? 'recipient', ...end })
      return finish(context, settling, { outcome, row, state: 'failed' })
    case 'deferred':
      return defer(context, settling, { outcome, row })
  }
}

function pushDelivered(
  context: StoreContext,
  settling: Settling,
  { outcome, row }: { readonly outcome: AttemptOutcome; readonly row: { address: string; attempt: number } },
): void {
  const facts = (settling.facts ??= context.sql.selectDeliveredFacts(messageOf(outcome.id)))
  if (!facts) throw new Error(`recipient ${outcome.id} has no message`)
  const { sender, arrivedAt, size } = facts
  // A step back of the clock makes no negative delay.
  const delayMs = Math.max(0, settling.now - arrivedAt)
  settling.events.push({ kind: 'delivered', ...attemptEnd(settling, outcome, row), sender, delayMs, size })
}

function defer(context: StoreContext, settling: Settling, one: { outcome: AttemptOutcome; row: ClaimedRow }): void {
  const { outcome, row } = one
  const message = context.sql.selectMessageFacts(messageOf(outcome.id))
  if (!message) throw new Error(`recipient ${outcome.id} has no message`)
  const end = attemptEnd(settling, outcome, row)
  if (settling.now >= message.expiresAt) {
    settling.events.push({ kind: 'expired', ...end })
    return finish(context, settling, { ...one, state: 'expired' })
  }
  const nextAt = Math.min(message.expiresAt, outcome.retryAt ?? scheduledAt(context, settling.now, { message, row }))
  settling.events.push({ kind: 'deferred', scope: outcome.scope ?? 'recipient', nextAttemptAt: nextAt, ...end })
  const late = isLate(context, settling.now, { message, row })
  checkMove('claimed', 'deferred')
  context.sql.updateAttempted(outcome.id, {
    state: stateNumber.deferred,
    notice: late ? noticeNumber.delayed : noticeNumber.none,
    nextAttemptAt: nextAt,
    at: settling.now,
    status: outcome.status,
    reply: outcome.reply,
    host: outcome.host,
    replyClass: outcome.replyClass ?? null,
  })
  context.totals.add(row.nextHop, nextAt)
  if (row.pendingAction !== null)
    applyPending(context, {
      id: outcome.id,
      pendingAction: row.pendingAction,
      now: settling.now,
      events: settling.events,
    })
}

/** Records a final outcome; the row stays only if a notice is due. */
function finish(
  context: StoreContext,
  settling: Settling,
  one: { outcome: AttemptOutcome; row: ClaimedRow; state: 'delivered' | 'failed' | 'expired' },
): void {
  const { outcome, row, state } = one
  const notice = state === 'delivered' ? 'delivered' : 'failed'
  checkMove('claimed', state)
  if (!wantsNotice(row.notify, notice) || (state === 'delivered' && outcome.dsnPassedOn)) {
    context.sql.deleteRecipient(outcome.id)
    return
  }
  context.sql.updateAttempted(outcome.id, {
    state: stateNumber[state],
    notice: noticeNumber[notice],
    nextAttemptAt: row.nextAttemptAt,
    at: settling.now,
    status: outcome.status,
    reply: outcome.reply,
    host: outcome.host,
    replyClass: outcome.replyClass ?? null,
  })
}

/** The time that the claim committed, or a new one if the attempt lasted longer than that. */
function scheduledAt(context: StoreContext, now: number, one: { message: MessageFacts; row: ClaimedRow }): number {
  if (one.row.nextAttemptAt > now) return one.row.nextAttemptAt
  return nextAttemptAt({ arrivedAt: one.message.arrivedAt, now }, context.retry, context.random)
}

function isLate(context: StoreContext, now: number, one: { message: MessageFacts; row: ClaimedRow }): boolean {
  const warning = context.retry.delayWarningMs
  if (warning === null || one.row.delayNotified === 1 || now - one.message.arrivedAt < warning) return false
  return wantsNotice(one.row.notify, 'delayed')
}

function attemptEnd(settling: Settling, outcome: AttemptOutcome, row: { address: string; attempt: number }) {
  return {
    at: settling.now,
    queueId: settling.queueId,
    recipient: row.address,
    attempt: row.attempt,
    host: outcome.host,
    reply: outcome.reply,
    status: outcome.status,
    tls: outcome.tls,
    ...(outcome.replyClass === undefined ? {} : { class: outcome.replyClass }),
    ...(outcome.advice === undefined ? {} : { advice: outcome.advice }),
  }
}
