// When health is full: octets and files, asked at most once a second, and never on a file system that does not count files.

import { afterEach, beforeEach, expect, it } from 'vitest'
import { randomBytes } from 'node:crypto'
import { createFakeClock } from '../../../test/lib/fake-clock.ts'
import { type TestQueue, testQueue } from '../../../test/lib/queue-samples.ts'
import { type FreeSpace, type HealthParts, StorageHealth } from './storage-health.ts'
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

it('asks again at once after an operation that failed because the disk is full, and says full while commits fail', async () => {
  const { client, health, space } = parts()
  expect(await health.check()).toMatchObject({ kind: 'ok', freeBytes: 1e9 })
  space.bytes = 10
  expect(await health.check()).toMatchObject({ kind: 'ok' })
  const failures = [[0, { kind: 'unavailable', cause: 'full', message: 'SQLITE_FULL' }]] as const
  health.update({ batches: [{ id: 1, values: [], failures }], waiting: 0, failing: null })
  expect(await health.check()).toEqual({ kind: 'full', freeBytes: 10 })
  space.bytes = 2e9
  health.update({ batches: [], waiting: 0, failing: { cause: 'full', message: 'SQLITE_FULL: the quota is used up' } })
  expect(await health.check()).toEqual({ kind: 'full', freeBytes: 2e9 })
  expect(client.probes).toBe(1)
  health.update({ batches: [], waiting: 0, failing: null })
  expect(await health.check()).toMatchObject({ kind: 'ok' })
})

it('a flood of questions while commits fail is one probe a second', async () => {
  const { client, clock, health } = parts()
  health.update({ batches: [], waiting: 0, failing: { cause: 'failing', message: 'SQLITE_IOERR' } })
  const answers = await Promise.all(Array.from({ length: 100 }, () => health.check()))
  expect(new Set(answers)).toEqual(new Set([{ kind: 'failing', cause: 'SQLITE_IOERR' }]))
  expect(client.probes).toBe(1)
  await clock.advance(1_000)
  await health.check()
  expect(client.probes).toBe(2)
})

it('a step of the wall clock does not keep an old answer', async () => {
  const { clock, health, space } = parts()
  await health.check()
  space.bytes = 10
  clock.set(clock.now() - 3_600_000)
  await clock.advance(1_000)
  expect(await health.check()).toMatchObject({ kind: 'full' })
})

/** The health of a disk whose free space the test sets, and of an engine whose probes change nothing. */
function parts() {
  const clock = createFakeClock()
  const disk = { bytes: 1e9, files: 1e6 }
  const client = {
    probes: 0,
    run: () => {
      client.probes++
      return Promise.reject(new Error('probe failed'))
    },
  }
  const settings = { directory: place.directory, reserveBytes: 1e6 }
  const opened = { recovered: 0, lost: [] }
  const freeSpace = async () => ({ ...disk })
  const health = new StorageHealth({ client, clock, waiting: 0, settings, opened, freeSpace } as unknown as HealthParts)
  return { client, clock, health, space: disk }
}
