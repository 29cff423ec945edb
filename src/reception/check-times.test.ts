import { expect, test } from 'vitest'
import { sampleSession } from '../../test/lib/check-facts.ts'
import { createCheckTimes } from './check-times.ts'

const message = { at: 1, queueId: 'Q1' }
const took = (check: string, ms: number) => [{ check, ms }]

test('a message has what its session and its transaction took, summed over its recipients', () => {
  const times = createCheckTimes()
  const session = sampleSession()
  expect(times.of(session, message)).toBeNull()
  times.note(session, 'connect', took('client-name', 30.4))
  times.note(session, 'mail', [])
  for (const ms of [1.4, 1.4, 2]) times.note(session, 'rcpt', took('dnsbl', ms))
  times.note(session, 'message', took('spam', 80))
  expect(times.of(session, message)).toEqual({
    kind: 'timed',
    ...message,
    checks: [
      { check: 'client-name', stage: 'connect', ms: 30 },
      { check: 'dnsbl', stage: 'rcpt', ms: 5, calls: 3 },
      { check: 'spam', stage: 'data', ms: 80 },
    ],
  })
})

test('the next message waits for its transaction only', () => {
  const times = createCheckTimes()
  const session = sampleSession()
  times.note(session, 'connect', took('client-name', 30))
  times.note(session, 'mail', took('storage', 5))
  times.queued(session)
  times.note(session, 'mail', [])
  expect(times.of(session, message)).toBeNull()
  times.note(session, 'rcpt', took('dnsbl', 5))
  times.note(session, 'mail', took('storage', 7))
  expect(times.of(session, message)?.checks).toEqual([{ check: 'storage', stage: 'mail', ms: 7 }])
})

test('a session that begins again has taken no time', () => {
  const times = createCheckTimes()
  const session = sampleSession()
  times.note(session, 'helo', took('dnsbl', 9))
  times.note(session, 'connect', [])
  expect(times.of(session, message)).toBeNull()
})
