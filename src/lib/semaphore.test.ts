import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createSemaphore } from './semaphore.ts'
import { processorMs } from '../../test/lib/processor-time.ts'

const turn = () => new Promise((resolve) => setImmediate(resolve))

describe('semaphore', () => {
  test('refuses a size below one', () => {
    expect(() => createSemaphore(0)).toThrow(RangeError)
    expect(() => createSemaphore(1.5)).toThrow(RangeError)
  })

  test('serves in the order of arrival', async () => {
    const semaphore = createSemaphore(1)
    const order: number[] = []
    const work = async (n: number) => {
      const release = await semaphore.acquire()
      order.push(n)
      release()
    }
    await Promise.all([1, 2, 3].map(work))
    expect(order).toEqual([1, 2, 3])
    expect(semaphore.held).toBe(0)
  })

  test('a place released twice counts once', async () => {
    const semaphore = createSemaphore(1)
    const release = await semaphore.acquire()
    release()
    release()
    expect(semaphore.held).toBe(0)
    await semaphore.acquire()
    void semaphore.acquire()
    expect([semaphore.held, semaphore.waiting]).toEqual([1, 1])
  })

  test('an aborted waiter takes no place', async () => {
    const semaphore = createSemaphore(1)
    const release = await semaphore.acquire()
    const abort = new AbortController()
    const gone = semaphore.acquire(abort.signal)
    const stays = semaphore.acquire()
    abort.abort(new Error('left'))
    await expect(gone).rejects.toThrow('left')
    expect(semaphore.waiting).toBe(1)
    release()
    const second = await stays
    second()
    expect(semaphore.held).toBe(0)
    await expect(semaphore.acquire(abort.signal)).rejects.toThrow('left')
  })

  test('never lets in more than its size', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 5 }), fc.array(fc.nat(3), { maxLength: 30 }), async (size, works) => {
        const semaphore = createSemaphore(size)
        let inside = 0
        let most = 0
        await Promise.all(
          works.map(async (turns) => {
            const release = await semaphore.acquire()
            most = Math.max(most, ++inside)
            for (let i = 0; i < turns; i++) await turn()
            inside--
            release()
          }),
        )
        expect(most).toBeLessThanOrEqual(size)
        expect([semaphore.held, semaphore.waiting]).toEqual([0, 0])
      }),
      { numRuns: 30 },
    )
  })
})

test('a waiter that is served before it stops waiting keeps its place', async () => {
  const semaphore = createSemaphore(1)
  const first = await semaphore.acquire()
  const abort = new AbortController()
  const second = semaphore.acquire(abort.signal)
  first()
  abort.abort(new Error('too late'))
  const release = await second
  expect(semaphore.held).toBe(1)
  release()
  expect(semaphore.held).toBe(0)
})

test('a new caller does not overtake a waiting one', async () => {
  const semaphore = createSemaphore(1)
  const release = await semaphore.acquire()
  const first = semaphore.acquire()
  release()
  // The place belongs to the first waiter already, although its promise has not resolved.
  const second = semaphore.acquire()
  expect(semaphore.waiting).toBe(1)
  const next = await first
  next()
  await second
  expect([semaphore.held, semaphore.waiting]).toEqual([1, 0])
})

test('ten thousand waiters leave in constant time each', async () => {
  const semaphore = createSemaphore(1)
  const release = await semaphore.acquire()
  const abort = new AbortController()
  const gone = Array.from({ length: 10_000 }, () => semaphore.acquire(abort.signal).catch(() => 'gone'))
  const start = processorMs()
  abort.abort()
  expect(new Set(await Promise.all(gone))).toEqual(new Set(['gone']))
  expect(processorMs() - start).toBeLessThan(2000)
  release()
  expect([semaphore.held, semaphore.waiting]).toEqual([0, 0])
})
