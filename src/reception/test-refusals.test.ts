import { beforeEach, expect, test } from 'vitest'
import { sampleSession } from '../../test/lib/check-facts.ts'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import type { RejectedEvent, WouldRejectEvent } from '../observe/events.ts'
import { refusal } from '../smtp/reply.ts'
import type { Session } from '../smtp/session.ts'
import { createTestRefusals, type TestRefusals } from './test-refusals.ts'

const listed = { check: 'dnsbl', reply: refusal(550, '5.7.1', 'Your address is listed', 'dnsbl: 5 points') }
const spam = { check: 'spam', reply: refusal(554, '5.7.1', 'Spam message rejected', 'score 20') }
const envelope = (recipient: string) => ({ sender: 'ann@stranger.example', recipient })

let recorded: (RejectedEvent | WouldRejectEvent)[]
let connection: AbortController
let session: Session
let refusals: TestRefusals

beforeEach(() => {
  recorded = []
  connection = new AbortController()
  session = sampleSession({ closed: connection.signal, remoteName: 'mail.a.example' })
  refusals = createTestRefusals(createFakeClock(), { record: (_, event) => void recorded.push(event) })
})

const note = (stage: Parameters<TestRefusals['note']>[1]['stage'], found: readonly (typeof spam)[], to?: string) =>
  refusals.note(session, { stage, found, ...(to !== undefined && { envelope: envelope(to) }) })

test('a message has everything that would have kept it out, with its queue ID', () => {
  note('connect', [listed])
  note('mail', [])
  note('rcpt', [listed], 'kim@example.org')
  note('rcpt', [], 'lee@example.org')
  note('message', [spam], 'kim@example.org')
  expect(refusals.of(session, 'Q1')).toMatchObject([
    { kind: 'would-reject', queueId: 'Q1', check: 'dnsbl', stage: 'connect', recipient: undefined },
    {
      queueId: 'Q1',
      session: 's1',
      check: 'dnsbl',
      stage: 'rcpt',
      sender: 'ann@stranger.example',
      recipient: 'kim@example.org',
      remote: 'mail.a.example[198.51.100.7]',
      reply: '550 5.7.1 Your address is listed',
      cause: 'dnsbl: 5 points',
    },
    { queueId: 'Q1', check: 'spam', stage: 'data' },
  ])
  refusals.queued(session)
  refusals.ended(session)
  connection.abort()
  expect(recorded).toEqual([])
})

test('each message of a session has what the session showed, and only its own transaction', () => {
  note('helo', [listed])
  for (const queueId of ['Q1', 'Q2']) {
    note('mail', [])
    if (queueId === 'Q1') note('rcpt', [spam], 'kim@example.org')
    expect(refusals.of(session, queueId).map(({ stage }) => stage)).toEqual(
      queueId === 'Q1' ? ['helo', 'rcpt'] : ['helo'],
    )
    refusals.queued(session)
    refusals.ended(session)
  }
  expect(recorded).toEqual([])
})

test('of many recipients one event names the first and their number', () => {
  for (let i = 1; i <= 1000; i++) note('rcpt', [listed], `user-${i}@example.org`)
  expect(refusals.of(session, 'Q1')).toMatchObject([{ recipient: 'user-1@example.org', recipients: 1000 }])
})

test('without a message the ledger gets it when the transaction ends, and what came before MAIL when the session ends', () => {
  note('connect', [listed])
  note('mail', [])
  note('rcpt', [listed], 'kim@example.org')
  refusals.ended(session)
  expect(recorded).toMatchObject([{ kind: 'would-reject', queueId: null, stage: 'rcpt' }])
  connection.abort()
  expect(recorded).toMatchObject([{ stage: 'rcpt' }, { stage: 'connect', queueId: null }])
  refusals.ended(session)
  expect(recorded).toHaveLength(2)
})

test('a transaction without recipients ends at the next MAIL, and a client that a front end names begins again', () => {
  note('mail', [listed])
  note('mail', [])
  expect(recorded).toHaveLength(1)
  note('helo', [listed])
  note('connect', [])
  expect(recorded.map(({ stage }) => stage)).toEqual(['mail', 'helo'])
  expect(refusals.of(session, 'Q1')).toEqual([])
})

test('a session of a command has no end: nothing is lost before its transaction ends', () => {
  session = sampleSession()
  note('rcpt', [listed], 'kim@example.org')
  refusals.ended(session)
  expect(recorded).toHaveLength(1)
})
