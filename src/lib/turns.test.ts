// Long work in steps: others get the event loop, and each caller its share.

import { describe, expect, it } from 'vitest'
import { createTurns } from './turns.ts'

const nextTurn = () => new Promise((resolve) => setImmediate(resolve))

describe('turns', () => {
  it('let small work run at once', async () => {
    const turns = createTurns(3)
    for (let round = 0; round < 5; round++) {
      expect([turns.step(), turns.step(), turns.step()]).toEqual([null, null, null])
      await nextTurn()
    }
  })

  it('interrupt long work once for each number of steps', async () => {
    const turns = createTurns(10)
    let loops = 0
    const count = () => {
      loops++
      timer = setImmediate(count)
    }
    let timer = setImmediate(count)
    for (let n = 0; n < 100; n++) await turns.step()
    clearImmediate(timer)
    expect(loops).toBeGreaterThanOrEqual(8)
    expect(loops).toBeLessThanOrEqual(12)
  })

  it('serve those that wait in order of arrival, also behind endless work', async () => {
    const turns = createTurns(2)
    let stop = false
    const endless = Promise.all(
      [1, 2, 3].map(async () => {
        while (!stop) await turns.step()
      }),
    )
    await nextTurn()
    const order: number[] = []
    await Promise.all(
      [1, 2, 3].map(async (n) => {
        await turns.step()
        order.push(n)
      }),
    )
    stop = true
    await endless
    expect(order).toEqual([1, 2, 3])
  })
})
