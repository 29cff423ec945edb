import { expect, test } from 'vitest'
import { createFakeClock } from './fake-clock.ts'

test('sleepers wake in order, each at its own time', async () => {
  const clock = createFakeClock(1000)
  const woken: [string, number][] = []
  const nap = async (name: string, ms: number) => {
    await clock.sleep(ms)
    woken.push([name, clock.now()])
  }
  const naps = [nap('b', 20), nap('a', 10), nap('c', 30)]
  await clock.advance(25)
  expect(woken).toEqual([
    ['a', 1010],
    ['b', 1020],
  ])
  expect([clock.now(), clock.sleeping]).toEqual([1025, 1])
  await clock.advance(5)
  await Promise.all(naps)
  expect(clock.now()).toBe(1030)
})

test('a second sleep inside the advanced time also ends', async () => {
  const clock = createFakeClock(0)
  let ticks = 0
  const beat = (async () => {
    while (ticks < 5) {
      await clock.sleep(10)
      ticks++
    }
  })()
  await clock.advance(35)
  expect(ticks).toBe(3)
  await clock.advance(20)
  await beat
})

test('an abort ends the sleep', async () => {
  const clock = createFakeClock()
  const abort = new AbortController()
  const sleep = clock.sleep(10, abort.signal)
  abort.abort(new Error('enough'))
  await expect(sleep).rejects.toThrow('enough')
  await expect(clock.sleep(1, abort.signal)).rejects.toThrow('enough')
  expect(clock.sleeping).toBe(0)
})
