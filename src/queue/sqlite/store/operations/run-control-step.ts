// Operation control: one short step of an operator's action, so that a million matching recipients never delay the mail.

import type { Database } from 'better-sqlite3'
import type { Event } from '../../../../observe/events.ts'
import type { ControlStep, ControlStepResult } from '../../worker/worker-protocol.ts'
import { messageOf } from '../recipient-id.ts'
import { selectMatching, windowEnd } from '../statements/filter-rows.ts'
import type { StoreContext } from '../store-context.ts'
import { controlRecipient } from './apply-action.ts'
import { finishMessage } from './settle.ts'

/** Rows of one step: a few milliseconds of the worker. */
const STEP_ROWS = 2_000

export function control(context: StoreContext, step: ControlStep, db: Database): ControlStepResult {
  switch (step.kind) {
    case 'act':
      return act(context, step, db)
    case 'suspend': {
      const changed = context.sql.insertSuspension({ ...step, at: step.now })
      return reportSuspension(context, step, { changed, event: 'suspended' })
    }
    case 'resume': {
      const changed = context.sql.deleteSuspension(step.nextHop)
      return reportSuspension(context, step, { changed, event: 'resumed' })
    }
  }
}

function reportSuspension(
  context: StoreContext,
  step: ControlStep & { kind: 'suspend' | 'resume' },
  done: { readonly changed: boolean; readonly event: 'suspended' | 'resumed' },
): ControlStepResult {
  if (done.changed) {
    const { nextHop: destination, by, reason, now: at } = step
    const event: Event = { kind: done.event, at, queueId: null, destination, by, reason }
    context.totals.setSuspended(destination, done.event === 'suspended')
    context.sql.insertLedger(at, null, JSON.stringify([event]))
  }
  return { kind: 'flag', changed: done.changed }
}

function act(context: StoreContext, step: ControlStep & { kind: 'act' }, db: Database): ControlStepResult {
  const upTo = windowEnd(db, step.after, STEP_ROWS)
  if (upTo === null) return { kind: 'act', changed: 0, afterAttempt: 0, next: null }
  const byMessage = new Map<string, Event[]>()
  const messages = new Set<number>()
  let changed = 0
  let afterAttempt = 0
  for (const row of selectMatching(db, { filter: step.filter, after: step.after, upTo })) {
    const events = byMessage.get(row.queueId) ?? []
    byMessage.set(row.queueId, events)
    messages.add(messageOf(row.id))
    const result = controlRecipient(context, row, {
      order: { action: step.action, by: step.by, reason: step.reason },
      target: { queueId: row.queueId, now: step.now, events },
    })
    if (result === 'changed') changed++
    else if (result === 'after-attempt') afterAttempt++
  }
  for (const message of messages) finishMessage(context, message)
  for (const [queueId, events] of byMessage)
    if (events.length > 0) context.sql.insertLedger(step.now, queueId, JSON.stringify(events))
  return { kind: 'act', changed, afterAttempt, next: upTo }
}
