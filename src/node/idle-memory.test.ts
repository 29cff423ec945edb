import { beforeEach, expect, it } from 'vitest'
import { createFakeClock, type FakeClock } from '../../test/lib/fake-clock.ts'
import { releaseWhenIdle } from './idle-memory.ts'

const MIB = 2 ** 20
const LOOK = 10_000
const PAUSE = 300_000

let clock: FakeClock
let processor: number
let heap: { used: number; resident: number }
let releases: number
let watch: { close(): void }

beforeEach(() => {
  clock = createFakeClock()
  processor = 900
  heap = { used: 25 * MIB, resident: 41 * MIB }
  releases = 0
  const release = () => {
    releases++
    processor += 300
    heap = { used: 21 * MIB, resident: 22 * MIB }
  }
  watch = releaseWhenIdle({ clock, processorMs: () => processor, heap: () => ({ ...heap }), release })
})

it('releases memory after the start, once', async () => {
  processor += 150
  await clock.advance(LOOK)
  expect(releases).toBe(1)
  await clock.advance(PAUSE * 2)
  expect(releases).toBe(1)
})

it('waits while the node works', async () => {
  for (let look = 0; look < 10; look++) {
    processor += 301
    await clock.advance(LOOK)
  }
  expect(releases).toBe(0)
  processor += 300
  await clock.advance(LOOK)
  expect(releases).toBe(1)
})

it('releases memory again after work, and not before the pause is over', async () => {
  await clock.advance(LOOK)
  heap.resident = 60 * MIB
  await clock.advance(PAUSE - LOOK)
  expect(releases).toBe(1)
  await clock.advance(LOOK)
  expect(releases).toBe(2)
})

it('leaves a heap alone that has little to release, or whose collection would take long', async () => {
  heap = { used: 25 * MIB, resident: 33 * MIB - 1 }
  await clock.advance(LOOK)
  heap = { used: 64 * MIB + 1, resident: 200 * MIB }
  await clock.advance(LOOK)
  expect(releases).toBe(0)
  heap = { used: 64 * MIB, resident: 200 * MIB }
  await clock.advance(LOOK)
  expect(releases).toBe(1)
})

it('ends', async () => {
  watch.close()
  expect(clock.sleeping).toBe(0)
})
