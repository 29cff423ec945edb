import { expect, test } from 'vitest'
import { systemClock } from './clock.ts'

test('sleeps at least about as long as asked', async () => {
  const before = systemClock.now()
  const sleep = systemClock.sleep(20)
  // Sleeping alone does not keep the process alive, so the test does.
  const alive = setInterval(() => undefined, 5)
  await sleep
  clearInterval(alive)
  expect(systemClock.now() - before).toBeGreaterThanOrEqual(18)
})

test('an abort ends the sleep, before or during it', async () => {
  const abort = new AbortController()
  const sleep = systemClock.sleep(60_000, abort.signal)
  abort.abort(new Error('enough'))
  await expect(sleep).rejects.toThrow('enough')
  await expect(systemClock.sleep(1, abort.signal)).rejects.toThrow('enough')
})
