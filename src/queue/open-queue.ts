// Room queue: opens the embedded engine: the store worker, the spool and the sweep after a crash. The only constructor of a Queue.

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { systemClock, type Clock } from '../lib/clock.ts'
import type { QueueControl } from './control.ts'
import { EmbeddedQueue } from './embedded-queue.ts'
import { freeBytes } from './free-space.ts'
import type { DestinationSummary, Queue } from './queue.ts'
import { defaultRetrySettings, type RetrySettings } from './retry.ts'
import { Spool } from './spool.ts'
import { sweepSpool } from './spool-sweep.ts'
import { StoreClient, type StoreListener } from './store-client.ts'

export interface QueueSettings {
  /** The node's data directory for the queue: holds queue.db, owner.lock and spool/. */
  readonly directory: string
  readonly retry: RetrySettings
  /** Below this many free octets of the file system, health says `full`: accepted mail still needs room to be worked on. */
  readonly reserveBytes: number
}

/** Enough for a thousand spooled messages under way and the write-ahead log. */
export const DEFAULT_RESERVE_BYTES = 256 * 1024 * 1024

export function queueSettings(directory: string): QueueSettings {
  return { directory, retry: defaultRetrySettings, reserveBytes: DEFAULT_RESERVE_BYTES }
}

export interface QueuePorts {
  readonly clock: Clock
  readonly randomBytes: (count: number) => Buffer
  /** Free octets of the file system of a directory. */
  readonly freeBytes?: (directory: string) => Promise<number>
}

/** What the opening found; the node logs it. */
export interface OpenReport {
  /** Recipients whose attempt was cut short by a crash. */
  readonly recovered: number
  readonly orphansRemoved: number
  readonly lost: readonly { readonly queueId: string; readonly reason: string }[]
}

/** The embedded engine: the contract, its steering, and news of destinations for the scheduler. */
export interface OpenQueue extends Queue, QueueControl {
  readonly opened: OpenReport
  /** Calls back with every destination that looks different, after the commit that changed it. Returns the end of it. */
  watch(listener: (changed: readonly DestinationSummary[]) => void): () => void
}

/** Opens or creates a queue. Rejects with QueueUnavailable: owned, corrupt, newer, full, failing. */
export async function openQueue(settings: QueueSettings, ports: QueuePorts): Promise<OpenQueue> {
  const clock = ports.clock ?? systemClock
  const spool = new Spool(join(settings.directory, 'spool'), ports.randomBytes)
  const listener: { current: StoreListener | null } = { current: null }
  const {
    client,
    recovered,
    waiting,
    spool: owners,
  } = await StoreClient.start(
    { directory: settings.directory, retry: settings.retry, now: clock.now() },
    { news: (news) => listener.current?.news(news), gone: (cause) => listener.current?.gone(cause) },
  )
  await mkdir(spool.directory, { recursive: true, mode: 0o700 })
  const { orphans, lost } = await sweepSpool(spool.directory, owners)
  for (const file of orphans) await spool.remove(file)
  for (const { queueId, reason } of lost) await client.ask({ kind: 'lost', queueId, reason, now: clock.now() })
  const queue = new EmbeddedQueue({
    client,
    spool,
    clock,
    waiting,
    settings,
    opened: { recovered, orphansRemoved: orphans.length, lost },
    freeBytes: ports.freeBytes ?? freeBytes,
  })
  listener.current = queue
  return queue
}
