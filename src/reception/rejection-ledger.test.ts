import { expect, test } from 'vitest'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import type { Event } from '../observe/events.ts'
import { refuse } from '../policy/verdict.ts'
import { refusal } from '../smtp/reply.ts'
import type { Session } from '../smtp/session.ts'
import { createRejectionLedger } from './rejection-ledger.ts'

const session = { id: 's1', remoteIp: '198.51.100.7', remoteName: null, origin: null } as Session
const refused = refuse(refusal(550, '5.1.1', 'No such address here', 'nobody@example.org is known nowhere'))

function ledger(record: (events: readonly Event[]) => Promise<void>) {
  const logged: Event[] = []
  const clock = createFakeClock()
  const rejections = createRejectionLedger({
    clock,
    queue: { record },
    log: { event: (event) => void logged.push(event) },
  })
  return { rejections, logged, clock }
}

test('a refusal is recorded with its stage, envelope and private cause, and passed on', () => {
  const recorded: Event[] = []
  const { rejections, logged } = ledger(async (events) => void recorded.push(...events))
  expect(rejections.seen(session, 'rcpt', refused, { sender: null, recipient: 'nobody@example.org' })).toBe(refused)
  expect(recorded).toMatchObject([
    {
      kind: 'rejected',
      queueId: null,
      session: 's1',
      stage: 'rcpt',
      sender: null,
      remote: '198.51.100.7',
      recipient: 'nobody@example.org',
      reply: '550 5.1.1 No such address here',
      cause: 'nobody@example.org is known nowhere',
    },
  ])
  expect(logged).toEqual([])
})

test('a client with a confirmed name is named by it and its address', () => {
  const recorded: Event[] = []
  const { rejections } = ledger(async (events) => void recorded.push(...events))
  rejections.seen({ ...session, remoteName: 'mail.a.example' }, 'mail', refused)
  expect(recorded).toMatchObject([{ remote: 'mail.a.example[198.51.100.7]' }])
})

test('what is accepted leaves no trace here', () => {
  const { rejections } = ledger(() => Promise.reject(new Error('asked')))
  expect(rejections.seen(session, 'mail', { kind: 'accept' })).toEqual({ kind: 'accept' })
})

test('a ledger that cannot be written sends it to the log', async () => {
  const { rejections, logged } = ledger(() => Promise.reject(new Error('disk full')))
  rejections.seen(session, 'mail', refused)
  await new Promise((resolve) => setImmediate(resolve))
  expect(logged).toMatchObject([{ kind: 'rejected', stage: 'mail' }])
})

const from = (host: number): Session => ({ ...session, remoteIp: `198.51.${host >> 8}.${host & 255}` })

test('a flood is bounded: beyond a thousand writes under way only the log gets it', () => {
  const { rejections, logged } = ledger(() => new Promise(() => undefined))
  for (let i = 0; i < 1200; i++) rejections.seen(from(i), 'connect', refused)
  expect(logged).toHaveLength(200)
})

test('what one network is refused over and over is logged, but fills no disk', async () => {
  const recorded: Event[] = []
  const { rejections, logged, clock } = ledger(async (events) => void recorded.push(...events))
  const flood = () => {
    for (let i = 0; i < 500; i++) rejections.seen({ ...session, remoteIp: `2001:db8::${i}` }, 'rcpt', refused)
  }
  flood()
  expect([recorded.length, logged.length]).toEqual([50, 450])
  rejections.seen(session, 'rcpt', refused)
  expect(recorded).toHaveLength(51)
  await clock.advance(60 * 60 * 1000)
  flood()
  expect(recorded).toHaveLength(51 + 25)
})

test('what a node or person of ours is refused is always recorded', () => {
  const recorded: Event[] = []
  const { rejections } = ledger(async (events) => void recorded.push(...events))
  const ours = { ...session, origin: { kind: 'peer', role: 'submission', vouched: 'nothing' } } as const
  for (let i = 0; i < 500; i++) rejections.seen(ours, 'rcpt', refused)
  expect(recorded).toHaveLength(500)
})

test('nor does what many networks are refused', async () => {
  const recorded: Event[] = []
  const { rejections, logged } = ledger(async (events) => void recorded.push(...events))
  for (let i = 0; i < 25_000; i++) {
    rejections.seen(from(i), 'rcpt', refused)
    if (i % 500 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  expect([recorded.length, logged.length]).toEqual([20_000, 5000])
})
