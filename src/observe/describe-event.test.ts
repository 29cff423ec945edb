// The sentences of events, also of those that another release wrote: the ledger outlives the program.

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
    'hold pending until the attempt ends by root: kim@example.org',
  )
  expect(describeEvent({ ...base, action: 'release' })).toBe('pending action cancelled by root: kim@example.org')
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
const facts = { sender: 'ann@example.org', delayMs: 1234, size: 5678 }
const delivered = (tls: DeliveredEvent['tls']) => describeEvent({ ...end, ...facts, kind: 'delivered', tls })

it('names protocol and level of TLS, or why there was none', () => {
  const at = 'delivered to kim@example.net at mx.example.net[192.0.2.1]:25'
  const about = 'sender <ann@example.org>, 5678 bytes, delay 1.2 s'
  expect(delivered({ level: 'verified', policy: 'verify', protocol: 'TLSv1.3' })).toBe(
    `${at} over TLSv1.3 verified, ${about}, attempt 1: 250 ok`,
  )
  expect(delivered({ level: 'none', policy: 'none' })).toBe(`${at} without TLS, ${about}, attempt 1: 250 ok`)
  expect(delivered({ level: 'none', policy: 'may', failure: 'starttls-not-supported' })).toBe(
    `${at} without TLS (starttls-not-supported), ${about}, attempt 1: 250 ok`,
  )
})

it('names the policy that a host failed', () => {
  const tls = { level: 'none', policy: 'verify', failure: 'certificate-expired' } as const
  const event: DeferredEvent = { ...end, kind: 'deferred', scope: 'site', nextAttemptAt: 0, tls }
  expect(describeEvent(event)).toContain(' [TLS policy verify: certificate-expired]; next attempt')
})

it('shows entries of earlier releases, in which a delivery has no sender, delay and size', () => {
  const old = { ...end, kind: 'delivered', tls: null } as unknown as DeliveredEvent
  expect(describeEvent(old)).toBe(
    'delivered to kim@example.net at mx.example.net[192.0.2.1]:25 without TLS, attempt 1: 250 ok',
  )
})

it('writes long delays with units', () => {
  const slow = { ...end, ...facts, kind: 'delivered', tls: null, delayMs: 5_430_400, sender: null } as const
  expect(describeEvent(slow)).toContain(', sender <>, 5678 bytes, delay 1h30m30s, attempt 1')
})

it('shows entries of earlier releases, in which TLS is a string', () => {
  expect(delivered('TLSv1.3 verified' as unknown as null)).toContain(' over TLSv1.3 verified, ')
  expect(delivered(null)).toContain(' without TLS, ')
})

it('describes the envelope of a received message', () => {
  const event: Event = {
    kind: 'received',
    at,
    queueId: 'Q1',
    origin: 'internet',
    sender: 'ann@stranger.example',
    remote: 'mail.stranger.example[192.0.2.9]',
    helo: 'mail.stranger.example',
    tls: null,
    size: 512,
    messageId: null,
  }
  expect(describeEvent(event)).toBe(
    'received from mail.stranger.example[192.0.2.9], sender <ann@stranger.example>, 512 bytes, origin internet',
  )
})

it('describes an action by operator, subject, reason and next hop', () => {
  const base = { at, queueId: 'Q1', by: 'root', reason: 'flood' }
  expect(describeEvent({ ...base, kind: 'held', recipient: 'kim@example.net', destination: 'mx:down.test' })).toBe(
    'held by root: kim@example.net (reason: flood); next hop mx:down.test',
  )
  expect(describeEvent({ ...base, kind: 'suspended', queueId: null, reason: '', destination: 'mx:down.test' })).toBe(
    'suspended by root: mx:down.test',
  )
})

it('describes a sent and a suppressed DSN', () => {
  const base = { kind: 'notified', at, queueId: 'Q1', recipient: 'kim@example.net', notice: 'failed' } as const
  expect(describeEvent({ ...base, to: 'ann@sender.example', dsn: 'Q2' })).toBe(
    'DSN sent to <ann@sender.example>: failed kim@example.net (queue ID Q2)',
  )
  expect(describeEvent({ ...base, to: null, dsn: null, reason: 'null sender' })).toBe(
    'no DSN sent: failed kim@example.net (null sender)',
  )
})

it('names the sender of a rejection only from MAIL on', () => {
  const base = {
    kind: 'rejected',
    at,
    queueId: null,
    remote: 'unknown[192.0.2.9]',
    sender: null,
    cause: 'no rDNS',
  } as const
  expect(describeEvent({ ...base, stage: 'connect', reply: '554 5.7.1 no' })).toBe(
    'rejected at CONNECT from unknown[192.0.2.9]: 554 5.7.1 no (no rDNS)',
  )
  expect(describeEvent({ ...base, stage: 'rcpt', recipient: 'x@example.org', reply: '550 5.1.1 no rDNS' })).toBe(
    'rejected at RCPT from unknown[192.0.2.9], sender <>, recipient x@example.org: 550 5.1.1 no rDNS',
  )
})
