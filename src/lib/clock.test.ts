import { expect, test } from 'vitest'
import { commandClock, systemClock } from './clock.ts'

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

test('a time that has passed is due at once, and one in months is not, both without a warning', async () => {
  const warnings: string[] = []
  const warned = ({ name }: Error) => warnings.push(name)
  process.on('warning', warned)
  const fired: string[] = []
  const months = commandClock.after(2 ** 40, () => fired.push('months'))
  await new Promise<void>((resolve) => {
    commandClock.after(-5, () => {
      fired.push('past')
      resolve()
    })
  })
  // Warnings come in a later turn of the event loop, as the long timer would.
  await commandClock.sleep(20)
  months.cancel()
  process.off('warning', warned)
  expect({ fired, warnings }).toEqual({ fired: ['past'], warnings: [] })
})
