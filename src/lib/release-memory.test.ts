// With real heaps: 64 MiB of garbage, here and in a thread.

import { getHeapStatistics } from 'node:v8'
import { Worker } from 'node:worker_threads'
import { afterEach, beforeAll, expect, it } from 'vitest'
import { until } from '../../test/lib/until.ts'
import { allowCollections, releaseMemory, releaseTogether } from './release-memory.ts'

const GARBAGE = 64 * 2 ** 20
/** Other threads of the tests share this heap, so not all has to go. */
const LEAST_RELEASED = GARBAGE / 2

const threads: Worker[] = []
beforeAll(() => allowCollections())
afterEach(async () => void (await Promise.all(threads.map((thread) => thread.terminate()))))

const resident = () => getHeapStatistics().total_physical_size

/** Eight octets for each element. */
function makeGarbage(): number {
  const parts = Array.from({ length: 64 }, (_, part) => Array.from({ length: GARBAGE / 64 / 8 }, () => part + 0.5))
  return parts.length
}

it('gives pages of this thread back to the system', () => {
  releaseMemory()
  expect(makeGarbage()).toBe(64)
  const before = resident()
  releaseMemory()
  expect(before - resident()).toBeGreaterThan(LEAST_RELEASED)
})

it('gives pages of a thread back', async () => {
  const thread = new Worker(
    `import(${JSON.stringify(new URL('./release-memory.ts', import.meta.url).href)}).then(({ collectGarbage }) => {
      const { parentPort } = require('node:worker_threads')
      const report = () => parentPort.postMessage(require('node:v8').getHeapStatistics().total_physical_size)
      const parts = Array.from({ length: 64 }, (_, part) => Array.from({ length: ${GARBAGE / 64 / 8} }, () => part + 0.5))
      parts.length = 0
      report()
      parentPort.on('message', ({ kind }) => (kind === 'release-memory' ? collectGarbage() : report()))
    })`,
    { eval: true },
  )
  threads.push(thread)
  releaseTogether(thread)
  const sizes: number[] = []
  thread.on('message', (size: number) => sizes.push(size))
  await until(() => sizes.length === 1, { what: 'the garbage of the thread' })
  releaseMemory()
  await until(
    () => {
      thread.postMessage({ kind: 'report' })
      return (sizes[0] as number) - (sizes.at(-1) as number) > LEAST_RELEASED
    },
    { what: 'the end of the garbage' },
  )
})
