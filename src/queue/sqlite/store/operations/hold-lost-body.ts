// Operation lost: the body of a message is missing or damaged on disk. Its waiting recipients are held, so that an operator can bounce or
// remove them; they are never dropped silently and never sent without their body.

import type { Event } from '../../../../observe/events.ts'
import { firstRecipientId, lastRecipientId } from '../recipient-id.ts'
import type { StoreContext } from '../store-context.ts'
import { controlRecipient } from './apply-action.ts'

export function holdLostBody(
  context: StoreContext,
  request: { readonly queueId: string; readonly reason: string; readonly now: number },
): { readonly held: number } {
  const message = context.sql.selectMessageIdOf(request.queueId)
  if (message === null) return { held: 0 }
  const events: Event[] = []
  const target = { queueId: request.queueId, now: request.now, events }
  const order = { action: 'hold', by: 'node', reason: request.reason } as const
  let held = 0
  for (const row of context.sql.selectControlledOfMessage(firstRecipientId(message), lastRecipientId(message)))
    if (controlRecipient(context, row, { order, target }) === 'changed') held++
  if (events.length > 0) context.sql.insertLedger(request.now, request.queueId, JSON.stringify(events))
  return { held }
}
