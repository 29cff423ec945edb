import { expect, it } from 'vitest'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import { createSingle } from './single-query.ts'

function counting() {
  let runs = 0
  return { query: async () => ++runs, runs: () => runs }
}

it('runs one query for requests at the same time and shortly after, and a new one later', async () => {
  const clock = createFakeClock()
  const single = createSingle(clock)
  const { query, runs } = counting()
  expect(await Promise.all([single.run('a', 1000, query), single.run('a', 1000, query)])).toEqual([1, 1])
  await clock.advance(999)
  expect(await single.run('a', 1000, query)).toBe(1)
  await clock.advance(2)
  expect([await single.run('a', 1000, query), runs()]).toEqual([2, 2])
})

it('asks again after an action, also while a query from before it runs', async () => {
  const single = createSingle(createFakeClock())
  const gate = Promise.withResolvers<number>()
  const before = single.run('a', 1000, () => gate.promise)
  single.forget()
  expect(await single.run('a', 1000, async () => 2)).toBe(2)
  gate.resolve(1)
  expect([await before, await single.run('a', 1000, async () => 3)]).toEqual([1, 2])
})

it('does not keep an error', async () => {
  const single = createSingle(createFakeClock())
  await expect(single.run('a', 1000, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(await single.run('a', 1000, async () => 1)).toBe(1)
})

it('gives up at the deadline, and the query continues for the next request', async () => {
  const clock = createFakeClock()
  const single = createSingle(clock)
  const gate = Promise.withResolvers<number>()
  const first = single.run('a', 1000, () => gate.promise)
  const refused = expect(first).rejects.toThrow('no answer within 8 s')
  await clock.advance(8001)
  await refused
  const second = single.run('a', 1000, async () => 2)
  gate.resolve(1)
  expect(await second).toBe(1)
})

it('runs a bounded number of queries', async () => {
  const single = createSingle(createFakeClock())
  const gate = Promise.withResolvers<number>()
  const open = Array.from({ length: 8 }, (_, index) => single.run(`key ${index}`, 0, () => gate.promise))
  await expect(single.run('one more', 0, async () => 1)).rejects.toThrow('too many queries')
  gate.resolve(1)
  await Promise.all(open)
  expect(await single.run('one more', 0, async () => 1)).toBe(1)
})

it('does without a value that takes too long, and has it for the next request', async () => {
  const clock = createFakeClock()
  const single = createSingle(clock)
  const gate = Promise.withResolvers<number>()
  const times = { keepMs: 1000, waitMs: 500 }
  const first = single.within('a', times, () => gate.promise)
  await clock.advance(501)
  expect(await first).toBeNull()
  gate.resolve(1)
  expect(await single.within('a', times, async () => 2)).toBe(1)
})
