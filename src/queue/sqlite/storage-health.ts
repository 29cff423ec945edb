// Whether mail can be accepted: free space and inodes above the reserve, and an engine that writes. Every MAIL command asks, so an answer is
// reused for a second, and concurrent sessions share it. A commit that fails, or works again, ends it at once.

import type { Clock } from '../../lib/clock.ts'
import type { OpenReport } from '../contract/opened-queue.ts'
import type { StorageFailure } from '../contract/queue-unavailable.ts'
import type { QueueHealth } from '../contract/queue.ts'
import type { CommitNews } from './worker/worker-protocol.ts'
import type { StoreClient } from './worker/store-client.ts'
import { statfs } from 'node:fs/promises'

/** How long an answer is reused, ms: at 100 MB/s a disk fills by 100 MB, less than the reserve. */
const FRESH_MS = 1_000

/** Free inodes to keep: for bodies in transit and for the files that SQLite needs. */
const RESERVE_FILES = 1_000

export interface HealthParts {
  readonly client: StoreClient
  readonly clock: Clock
  readonly waiting: number
  readonly settings: { readonly directory: string; readonly reserveBytes: number }
  readonly opened: OpenReport
  readonly freeSpace: (directory: string) => Promise<FreeSpace>
}

export class StorageHealth {
  readonly #parts: HealthParts
  #waiting: number
  #failing: StorageFailure | null = null
  #gone: string | null = null
  #answer: { readonly at: number; readonly health: Promise<QueueHealth> } | null = null

  constructor(parts: HealthParts) {
    this.#parts = parts
    this.#waiting = parts.waiting
  }

  /** True if the engine ended: nothing can be written any more. */
  get isFatal(): boolean {
    return this.#gone !== null
  }

  /** Called with the news of every commit. */
  update(news: Pick<CommitNews, 'batches' | 'waiting' | 'failing'>): void {
    const isNews = (news.failing === null) !== (this.#failing === null)
    if (isNews || news.batches.some(({ failures }) => failures.length > 0)) this.#answer = null
    this.#waiting = news.waiting
    this.#failing = news.failing
  }

  setFatal(cause: string): void {
    this.#gone = cause
    this.#answer = null
  }

  check(): Promise<QueueHealth> {
    const now = this.#parts.clock.monotonic()
    if (this.#answer === null || now - this.#answer.at >= FRESH_MS) this.#answer = { at: now, health: this.#ask() }
    return this.#answer.health
  }

  async #ask(): Promise<QueueHealth> {
    if (this.#gone !== null) return { kind: 'failing', cause: this.#gone }
    if (this.#failing !== null) await this.#probe()
    const failure = this.#failing
    if (failure !== null && failure.cause !== 'full') return { kind: 'failing', cause: failure.message }
    try {
      const { bytes: freeBytes, files: freeFiles } = await this.#parts.freeSpace(this.#parts.settings.directory)
      if (failure !== null || freeBytes < this.#parts.settings.reserveBytes) return { kind: 'full', freeBytes }
      if (freeFiles < RESERVE_FILES) return { kind: 'full', freeBytes, freeFiles }
      return { kind: 'ok', waiting: this.#waiting, freeBytes, lostBodies: this.#parts.opened.lost.length }
    } catch (error) {
      return { kind: 'failing', cause: error instanceof Error ? error.message : String(error) }
    }
  }

  /** After a failure no session may write any more, so a small commit checks whether writing works again. */
  async #probe(): Promise<void> {
    await this.#parts.client.run({ kind: 'probe' }).catch(() => {})
  }
}

export interface FreeSpace {
  /** Octets a process like ours can still write. */
  readonly bytes: number
  /** Files it can still create; Infinity where the file system does not count them. */
  readonly files: number
}

/** Reads the free space of the file system of a directory. */
export async function freeSpace(directory: string): Promise<FreeSpace> {
  const { bavail, bsize, files, ffree } = await statfs(directory)
  return { bytes: bavail * bsize, files: files === 0 ? Number.POSITIVE_INFINITY : ffree }
}
