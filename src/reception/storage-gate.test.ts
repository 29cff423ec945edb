import { expect, test } from 'vitest'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import type { QueueHealth } from '../queue/contract/queue.ts'
import { QueueUnavailable } from '../queue/contract/queue-unavailable.ts'
import { createStorageGate } from './storage-gate.ts'

function gate(answers: (QueueHealth | Error)[]) {
  const clock = createFakeClock()
  let asked = 0
  const health = async () => {
    const answer = answers[Math.min(asked++, answers.length - 1)] as QueueHealth | Error
    if (answer instanceof Error) throw answer
    return answer
  }
  return { clock, gate: createStorageGate({ health }, clock), asked: () => asked }
}

const ok: QueueHealth = { kind: 'ok', waiting: 0, freeBytes: 1e9 }

test('room is asked for at most once a second', async () => {
  const { clock, gate: storage, asked } = gate([ok])
  for (let i = 0; i < 100; i++) expect((await storage.check()).kind).toBe('accept')
  expect(asked()).toBe(1)
  await clock.advance(1001)
  await storage.check()
  expect(asked()).toBe(2)
})

test('a clock that steps back asks again', async () => {
  const { clock, gate: storage, asked } = gate([ok])
  await storage.check()
  clock.set(clock.now() - 3_600_000)
  await storage.check()
  expect(asked()).toBe(2)
})

test('full is 452 4.3.1, failing is 451 4.3.0, and both pass', async () => {
  const { clock, gate: storage } = gate([
    { kind: 'full', freeBytes: 1000 },
    { kind: 'failing', cause: 'I/O error' },
    new QueueUnavailable('closed', 'gone'),
    ok,
  ])
  const answers = []
  for (let i = 0; i < 4; i++) {
    answers.push(await storage.check())
    await clock.advance(1001)
  }
  expect(answers).toMatchObject([
    { kind: 'defer', reply: { code: 452, enhanced: '4.3.1', cause: '1000 octets free' } },
    { kind: 'defer', reply: { code: 451, enhanced: '4.3.0', cause: 'I/O error' } },
    { kind: 'defer', reply: { code: 451, enhanced: '4.3.0' } },
    { kind: 'accept' },
  ])
})

test.each([
  ['ENOSPC', 452],
  ['EIO', 451],
  ['EROFS', 451],
])('%s of a spool file is %i', (code, reply) => {
  expect(gate([ok]).gate.explain(Object.assign(new Error(code), { code }))).toMatchObject({ code: reply })
})

test('what is no storage error is not explained away', () => {
  expect(gate([ok]).gate.explain(new TypeError('x is undefined'))).toBeNull()
})
