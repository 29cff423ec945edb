// Whether mail can be accepted: free space and inodes above the reserve, and an engine that writes. Every MAIL command asks, so a result is
// reused for a second, and concurrent sessions share one system call.

import type { Clock } from '../../lib/clock.ts'
import type { OpenReport } from '../contract/opened-queue.ts'
import type { QueueHealth } from '../contract/queue.ts'
import type { StoreClient } from './worker/store-client.ts'
import { statfs } from 'node:fs/promises'

/** How long the free space is reused, ms: at 100 MB/s a disk fills by 100 MB, less than the reserve. */
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
  #failing: string | null = null
  #gone: string | null = null
  #space: { readonly at: number; readonly free: Promise<FreeSpace> } | null = null

  constructor(parts: HealthParts) {
    this.#parts = parts
    this.#waiting = parts.waiting
  }

  /** True if the engine ended: nothing can be written any more. */
  get isFatal(): boolean {
    return this.#gone !== null
  }

  /** Called with the news of every commit. */
  update(news: { readonly waiting: number; readonly failing: string | null }): void {
    this.#waiting = news.waiting
    this.#failing = news.failing
  }

  setFatal(cause: string): void {
    this.#gone = cause
  }

  async check(): Promise<QueueHealth> {
    if (this.#gone !== null) return { kind: 'failing', cause: this.#gone }
    if (this.#failing !== null) await this.#probe()
    if (this.#failing !== null) return { kind: 'failing', cause: this.#failing }
    try {
      const { bytes: freeBytes, files: freeFiles } = await this.#freeSpace()
      if (freeBytes < this.#parts.settings.reserveBytes) return { kind: 'full', freeBytes }
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

  #freeSpace(): Promise<FreeSpace> {
    const now = this.#parts.clock.monotonic()
    if (this.#space === null || now - this.#space.at >= FRESH_MS)
      this.#space = { at: now, free: this.#parts.freeSpace(this.#parts.settings.directory) }
    return this.#space.free
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
