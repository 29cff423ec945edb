// When health is full: octets and files, asked at most once a second, and never on a file system that does not count files.

import { afterEach, beforeEach, expect, it } from 'vitest'
import { randomBytes } from 'node:crypto'
import { type TestQueue, testQueue } from '../../../test/lib/queue-samples.ts'
import type { FreeSpace } from './storage-health.ts'
import { openQueue } from './open-queue.ts'
import type { OpenQueue } from '../contract/opened-queue.ts'
import { queueSettings } from '../contract/queue-settings.ts'

let place: TestQueue
let queue: OpenQueue
let space: FreeSpace | Error
let asked = 0
beforeEach(async () => {
  place = testQueue()
  space = { bytes: 1e9, files: 1e6 }
  const freeSpace = () => {
    asked++
    return space instanceof Error ? Promise.reject(space) : Promise.resolve(space)
  }
  const settings = { ...queueSettings(place.directory), reserveBytes: 1e6 }
  queue = await openQueue(settings, { clock: place.clock, randomBytes, freeSpace })
})
afterEach(async () => {
  await queue.close()
  await place.remove()
})

it.each([
  ['room', { bytes: 1e9, files: 1e6 }, { kind: 'ok', freeBytes: 1e9 }],
  ['too few octets', { bytes: 999_999, files: 1e6 }, { kind: 'full', freeBytes: 999_999 }],
  ['too few files', { bytes: 1e9, files: 999 }, { kind: 'full', freeFiles: 999 }],
  ['a file system that does not count files', { bytes: 1e9, files: Number.POSITIVE_INFINITY }, { kind: 'ok' }],
  ['no answer', new Error('EIO: stat'), { kind: 'failing', cause: 'EIO: stat' }],
])('%s', async (_, found, expected) => {
  space = found
  expect(await queue.health()).toMatchObject(expected)
})

it('asks the disk at most once a second', async () => {
  const before = asked
  await Promise.all([queue.health(), queue.health(), queue.health()])
  expect(asked - before).toBe(1)
  place.clock.time += 1_000
  await queue.health()
  expect(asked - before).toBe(2)
})
