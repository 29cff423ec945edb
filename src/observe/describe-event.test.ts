// Sentences of events, also of those that another release wrote: the ledger outlives the program.

import { expect, it } from 'vitest'
import { describeEvent } from './describe-event.ts'
import type { DeferredEvent, DeliveredEvent, Event } from './events.ts'

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

const end = {
  at,
  queueId: 'Q1',
  recipient: 'kim@example.net',
  attempt: 1,
  host: 'mx.example.net[192.0.2.1]:25',
  reply: '250 ok',
  status: '2.0.0',
}
const delivered = (tls: DeliveredEvent['tls']) => describeEvent({ ...end, kind: 'delivered', tls })

it('names protocol and level of TLS, or why there was none', () => {
  const at = 'delivered to kim@example.net at mx.example.net[192.0.2.1]:25'
  expect(delivered({ level: 'verified', policy: 'verify', protocol: 'TLSv1.3' })).toBe(
    `${at} over TLSv1.3 verified, attempt 1: 250 ok`,
  )
  expect(delivered({ level: 'none', policy: 'none' })).toBe(`${at} without TLS, attempt 1: 250 ok`)
  expect(delivered({ level: 'none', policy: 'may', failure: 'starttls-not-supported' })).toBe(
    `${at} without TLS (starttls-not-supported), attempt 1: 250 ok`,
  )
})

it('names the policy that a host failed', () => {
  const tls = { level: 'none', policy: 'verify', failure: 'certificate-expired' } as const
  const event: DeferredEvent = { ...end, kind: 'deferred', scope: 'site', nextAttemptAt: 0, tls }
  expect(describeEvent(event)).toContain(' [TLS policy verify: certificate-expired]; next attempt')
})

it('shows entries of earlier releases, in which TLS is a string', () => {
  expect(delivered('TLSv1.3 verified' as unknown as null)).toContain(' over TLSv1.3 verified, ')
  expect(delivered(null)).toContain(' without TLS, ')
})
