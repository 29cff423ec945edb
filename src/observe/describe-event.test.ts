// Sentences of events that are not of this release: the ledger outlives the program that wrote it.

import { expect, it } from 'vitest'
import { describeEvent } from './describe-event.ts'
import type { Event } from './events.ts'

const at = Date.UTC(2026, 10, 21)

it('describes an event kind of another release by its name', () => {
  const event = {
    kind: 'taken-over',
    at,
    queueId: 'Q',
    recipient: 'kim@example.org',
    from: 'mx-01',
  } as unknown as Event
  expect(describeEvent(event)).toBe('taken-over kim@example.org (an event of another release)')
  const noRecipient = { kind: 'asked', at, queueId: null, node: 'mx-02' } as unknown as Event
  expect(describeEvent(noRecipient)).toBe('asked (an event of another release) (at mx-02)')
})

it('describes a pending action and its cancellation', () => {
  const base = {
    kind: 'action-pending',
    at,
    queueId: 'Q',
    recipient: 'kim@example.org',
    by: 'root',
    reason: '',
  } as const
  expect(describeEvent({ ...base, action: 'hold' })).toBe(
    'hold pending until the attempt ends for kim@example.org by root',
  )
  expect(describeEvent({ ...base, action: 'release' })).toBe('pending action cancelled for kim@example.org by root')
})
