import { describe, expect, test } from 'vitest'
import type { Event, RejectedEvent, WouldRejectEvent } from '../observe/events.ts'
import { CheckReportBuilder } from './check-report.ts'

const base = { at: 1, queueId: 'Q1' }
const received: Event = {
  ...base,
  kind: 'received',
  origin: 'internet',
  sender: 'ann@a.example',
  remote: 'mx.a.example[192.0.2.1]',
  helo: null,
  tls: null,
  size: 1,
  messageId: null,
}
const checked = (check: string, result: string): Event => ({ ...base, kind: 'checked', check, result, detail: '' })
const rejected = (change: Partial<RejectedEvent>): Event => ({
  at: 1,
  queueId: null,
  session: 's1',
  kind: 'rejected',
  stage: 'data',
  sender: 'ann@a.example',
  remote: 'mx.a.example[192.0.2.1]',
  reply: '554 5.7.1 Spam message rejected',
  cause: 'score 20',
  check: 'spam',
  ...change,
})
const wouldReject = (change: Partial<WouldRejectEvent>): Event => ({
  ...base,
  kind: 'would-reject',
  check: 'dnsbl',
  stage: 'rcpt',
  sender: 'ann@A.example',
  remote: 'unknown[192.0.2.77]',
  reply: '550 5.7.1 Your address 192.0.2.77 is listed by ours (spam source)',
  cause: '',
  ...change,
})

function reportOf(...entries: readonly (readonly Event[])[]) {
  const builder = new CheckReportBuilder()
  for (const entry of entries) builder.add(entry)
  const { messages, checks } = builder.report()
  return { messages, of: (name: string) => checks.find(({ check }) => check === name) }
}

describe('what a check did', () => {
  test('is counted by message, whatever number of results it has, with marks and missing answers', () => {
    const { messages, of } = reportOf(
      [
        received,
        checked('spf', 'pass'),
        checked('dkim', 'pass'),
        checked('dkim', 'fail'),
        checked('spam', 'add-header'),
      ],
      [received, checked('spf', 'temperror'), checked('spam', 'unavailable')],
      [received],
    )
    expect(messages).toBe(3)
    expect(of('authentication-results')).toMatchObject({
      judged: 2,
      unavailable: 1,
      results: { 'spf pass': 1, 'dkim pass': 1, 'dkim fail': 1, 'spf temperror': 1 },
      time: null,
    })
    expect(of('spam')).toMatchObject({ judged: 2, marked: 1, unavailable: 1 })
  })

  test('a refused message is one, however many recipients the ledger names', () => {
    const three = ['kim', 'lee', 'joe'].map((recipient) => [rejected({ recipient, ms: 90 })])
    expect(
      reportOf(...three, [rejected({ session: 's2', reply: '451 4.7.1 Try again later' })]).of('spam'),
    ).toMatchObject({
      judged: 2,
      refused: { sessions: 0, messages: 2, recipients: 0 },
      temporary: 1,
      reasons: [
        { key: '451 4.7.1 Try again later', count: 1, example: 's2' },
        { key: '554 5.7.1 Spam message rejected', count: 1, example: 's1' },
      ],
    })
  })

  test('its time counts each call, and a message without one took less than a millisecond', () => {
    const timed = (ms: number, calls?: number): Event => ({
      ...base,
      kind: 'timed',
      checks: [{ check: 'spam', stage: 'data', ms, ...(calls !== undefined && { calls }) }],
    })
    const fast = Array.from({ length: 8 }, () => [received, checked('spam', 'no-action')])
    const { time } = reportOf(...fast, [received, timed(100)], [received, timed(4000, 2)]).of('spam') ?? {}
    expect(time?.p50).toBe(0)
    expect(time?.p95).toBeGreaterThan(1800)
    expect(time?.p95).toBeLessThanOrEqual(2000)
  })

  test('refusals that no check made, and what another node recorded, are left out', () => {
    const { of } = reportOf([rejected({ check: undefined })], [{ ...checked('spam', 'reject'), node: 'mx-02' }])
    expect(of('spam')).toBeUndefined()
  })
})

describe('what a check would refuse', () => {
  test('is counted by subject, with the sites of the clients, the domains and an example of each', () => {
    const { of } = reportOf(
      [received, wouldReject({ recipients: 3 }), wouldReject({ stage: 'connect' })],
      [received, wouldReject({ queueId: 'Q2', remote: 'unknown[192.0.2.200]', sender: null })],
      [wouldReject({ queueId: null, session: 's9', remote: 'unknown[2001:db8:1::5]' })],
    )
    expect(of('dnsbl')).toMatchObject({
      judged: 2,
      wouldRefuse: { sessions: 1, messages: 0, recipients: 5 },
      refused: { sessions: 0, messages: 0, recipients: 0 },
      reasons: [{ key: '550 5.7.1 Your address … is listed by ours (spam source)', count: 4, example: 's9' }],
      networks: [
        { key: '192.0.2.0/24', count: 3, example: 'Q2' },
        { key: '2001:db8:1::/48', count: 1, example: 's9' },
      ],
      senders: [
        { key: 'a.example', count: 3, example: 's9' },
        { key: '<>', count: 1, example: 'Q2' },
      ],
    })
  })

  test('is bounded: a million senders do not fill the memory, and the frequent ones stay', () => {
    const builder = new CheckReportBuilder()
    for (let i = 0; i < 20_000; i++)
      builder.add([wouldReject({ sender: `x@${i % 10 === 0 ? 'often' : `rare-${i}`}.example` })])
    const [check] = builder.report().checks
    expect(check?.senders[0]).toMatchObject({ key: 'often.example', count: 2000 })
    expect(check?.senders).toHaveLength(5)
  })
})
