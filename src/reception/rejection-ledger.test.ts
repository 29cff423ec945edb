import { expect, test } from 'vitest'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import { createBudgets } from '../budget/budgets.ts'
import type { Event } from '../observe/events.ts'
import { refusal } from '../smtp/reply.ts'
import type { Session } from '../smtp/session.ts'
import { createRejectionLedger } from './rejection-ledger.ts'

const session = { id: 's1', remoteIp: '198.51.100.7', remoteName: null, origin: null } as Session
const reply = refusal(550, '5.1.1', 'No such address here', 'no such address: eve@example.org')

function ledger(record: (events: readonly Event[]) => Promise<void>) {
  const logged: Event[] = []
  const clock = createFakeClock()
  const rejections = createRejectionLedger({
    clock,
    queue: { record },
    log: { event: (event) => void logged.push(event) },
    budgets: createBudgets(clock),
    lines: { mayWrite: () => true },
  })
  return { rejections, logged, clock }
}

test('a refusal is recorded with its stage, envelope and private cause', () => {
  const recorded: Event[] = []
  const { rejections, logged } = ledger(async (events) => void recorded.push(...events))
  rejections.note(session, { stage: 'rcpt', reply, envelope: { sender: null, recipient: 'eve@example.org' } })
  expect(recorded).toMatchObject([
    {
      kind: 'rejected',
      queueId: null,
      session: 's1',
      stage: 'rcpt',
      sender: null,
      remote: 'unknown[198.51.100.7]',
      recipient: 'eve@example.org',
      reply: '550 5.1.1 No such address here',
      cause: 'no such address: eve@example.org',
    },
  ])
  expect(logged).toEqual([])
})

test('a client with a confirmed name is recorded with name and address', () => {
  const recorded: Event[] = []
  const { rejections } = ledger(async (events) => void recorded.push(...events))
  rejections.note({ ...session, remoteName: 'mail.a.example' }, { stage: 'mail', reply })
  expect(recorded).toMatchObject([{ remote: 'mail.a.example[198.51.100.7]' }])
})

test('the log gets what the ledger cannot store', async () => {
  const { rejections, logged } = ledger(() => Promise.reject(new Error('disk full')))
  rejections.note(session, { stage: 'mail', reply })
  await new Promise((resolve) => setImmediate(resolve))
  expect(logged).toMatchObject([{ kind: 'rejected', stage: 'mail' }])
})

const from = (host: number): Session => ({ ...session, remoteIp: `198.51.${host >> 8}.${host & 255}` })

test('above a thousand pending writes only the log gets refusals', () => {
  const { rejections, logged } = ledger(() => new Promise(() => undefined))
  for (let i = 0; i < 1200; i++) rejections.note(from(i), { stage: 'connect', reply })
  expect(logged).toHaveLength(200)
})

test('repeated refusals of one network are logged, but do not fill the ledger', async () => {
  const recorded: Event[] = []
  const { rejections, logged, clock } = ledger(async (events) => void recorded.push(...events))
  const flood = () => {
    for (let i = 0; i < 500; i++) rejections.note({ ...session, remoteIp: `2001:db8::${i}` }, { stage: 'rcpt', reply })
  }
  flood()
  expect([recorded.length, logged.length]).toEqual([50, 450])
  rejections.note(session, { stage: 'rcpt', reply })
  expect(recorded).toHaveLength(51)
  await clock.advance(60 * 60 * 1000)
  flood()
  expect(recorded).toHaveLength(51 + 25)
})

test('refusals of fleet nodes and users are always recorded', () => {
  const recorded: Event[] = []
  const { rejections } = ledger(async (events) => void recorded.push(...events))
  const ours = { ...session, origin: { kind: 'peer', role: 'submission', vouched: 'nothing' } } as const
  for (let i = 0; i < 500; i++) rejections.note(ours, { stage: 'rcpt', reply })
  expect(recorded).toHaveLength(500)
})

test('refusals of many networks do not fill the ledger either', async () => {
  const recorded: Event[] = []
  const { rejections, logged } = ledger(async (events) => void recorded.push(...events))
  for (let i = 0; i < 25_000; i++) {
    rejections.note(from(i), { stage: 'rcpt', reply })
    if (i % 500 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  expect([recorded.length, logged.length]).toEqual([20_000, 5000])
})
