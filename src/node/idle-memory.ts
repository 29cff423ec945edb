// Releases memory when the node has nothing to do: some time after its start, and after a time of much mail.

import { getHeapStatistics } from 'node:v8'
import type { Clock } from '../lib/clock.ts'
import { releaseMemory } from '../lib/release-memory.ts'

export interface IdleMemoryPorts {
  readonly clock: Clock
  /** Milliseconds of processor time of this process so far. */
  readonly processorMs?: () => number
  /** Octets of the heap of this thread. */
  readonly heap?: () => HeapUse
  readonly release?: () => void
}

interface HeapUse {
  /** Of live objects and of garbage. */
  readonly used: number
  /** That the process has from the system. */
  readonly resident: number
}

/** How often the node looks, ms. */
const LOOK_MS = 10_000
/** Processor time between two looks of a node that is idle, ms: 3 %. One that only follows its clock uses 0.5 %, on slow processors more. */
const IDLE_MS = 300
/** Between two releases, ms: mail that comes now and then must not cause one every time. */
const PAUSE_MS = 5 * 60_000
const MIB = 2 ** 20
/** Fewer free octets are not worth a collection. */
const LEAST_FREE = 8 * MIB
/** A collection of more would delay replies by more than 0.1 s. */
const MOST_USED = 64 * MIB

/** Looks until it is closed. */
export function releaseWhenIdle({
  clock,
  processorMs = ownProcessorMs,
  heap = ownHeap,
  release = releaseMemory,
}: IdleMemoryPorts): { close(): void } {
  let before = processorMs()
  let releasedAt = Number.NEGATIVE_INFINITY
  const timer = clock.every(LOOK_MS, () => {
    const now = processorMs()
    const isIdle = now - before <= IDLE_MS
    before = now
    if (!isIdle || clock.monotonic() - releasedAt < PAUSE_MS) return
    const { used, resident } = heap()
    if (used > MOST_USED || resident - used < LEAST_FREE) return
    releasedAt = clock.monotonic()
    release()
    before = processorMs()
  })
  return { close: () => timer.cancel() }
}

function ownProcessorMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

function ownHeap(): HeapUse {
  const { used_heap_size: used, total_physical_size: resident } = getHeapStatistics()
  return { used, resident }
}
