// What the store does on a full disk, so that results of delivery can still be recorded: it gives up a file that was kept for this, and moves
// the write-ahead log into the database, so that it starts again in the space it has. Deliveries then free the space of their bodies.

import { closeSync, openSync, rmSync, statfsSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { Database } from 'better-sqlite3'

/** Beside queue.db. */
const KEPT_FILE = 'settling-reserve'
/** The file's size as a part of the free space that new mail must leave: with the default of 64 MiB, the largest log fits. */
const KEPT_PART = 1 / 2
/** Its largest size: a log of 32 MiB (database/database.ts), and ledger rows of some hundred thousand results. */
const KEPT_OCTETS = 64 * 1024 * 1024
/** Octets that one call writes, so that no commit waits for long. */
const SLICE_OCTETS = 2 * 1024 * 1024

export class FullDisk {
  readonly #path: string
  readonly #directory: string
  readonly #reserveBytes: number
  readonly #size: number
  #isKept = false

  /** @param reserveBytes free octets below which the node takes no new mail */
  constructor(directory: string, reserveBytes: number) {
    this.#directory = directory
    this.#path = join(directory, KEPT_FILE)
    this.#reserveBytes = reserveBytes
    this.#size = Math.min(KEPT_OCTETS, Math.floor(reserveBytes * KEPT_PART))
  }

  /** Makes space for a commit that failed. */
  makeSpace(db: Database): void {
    this.#giveUp()
    try {
      db.pragma('wal_checkpoint(RESTART)')
    } catch {
      // The database cannot grow: the log stays as it is, and can still grow by the space of the file.
    }
  }

  /**
   * Continues to write the file while the disk has enough space above the reserve. Call it often. Nothing depends on the file, so an error of
   * the disk only gives it up.
   */
  keep(): void {
    if (this.#isKept || this.#size === 0) return
    try {
      const written = statSync(this.#path, { throwIfNoEntry: false })?.size ?? 0
      this.#isKept = written >= this.#size
      if (this.#isKept) return
      const { bavail, bsize } = statfsSync(this.#directory)
      const missing = this.#size - written
      if (bavail * bsize >= this.#reserveBytes + missing) append(this.#path, Math.min(missing, SLICE_OCTETS))
    } catch {
      this.#giveUp()
    }
  }

  #giveUp(): void {
    this.#isKept = false
    rmSync(this.#path, { force: true })
  }
}

/** Writes real octets: a sparse file would keep no space. */
function append(path: string, octets: number): void {
  const file = openSync(path, 'a', 0o600)
  try {
    writeSync(file, Buffer.alloc(octets, 'kept for the results of deliveries '))
  } finally {
    closeSync(file)
  }
}
