// A file of state in its thread: opened when it is needed, given up after an error, opened again later. Operations that wait together share
// a transaction, so that a busy node locks and commits once for many of them. It never throws.

import type { Database } from 'better-sqlite3'
import { cutLog, isDamage, openStateFile, rebuild } from '../sqlite/state-file.ts'
import type { SetAside, StateOutcome, StateRequest } from './state-messages.ts'
import type { SpecTable } from './table-of-spec.ts'

type Operation = Pick<StateRequest & { readonly kind: 'run' }, 'operation' | 'args'>

export interface HeldFile {
  /** Opens the file if it is not open and its time has come. Null, or why it cannot be used. */
  open(): string | null
  /** One outcome for each operation, in their order. What is `done` is committed. */
  run(operations: readonly Operation[]): readonly StateOutcome[]
  close(): void
}

export interface HeldFilePorts {
  /** Monotonic milliseconds. */
  readonly monotonic: () => number
  readonly setAside: (file: SetAside) => void
}

type Table = Readonly<Record<string, (...args: readonly unknown[]) => unknown>>

/** A file that cannot be opened is tried again after this time: each attempt takes milliseconds of the thread, and mail may wait for it. */
const RETRY_MS = 5000
/** How long copies of removed rows stay in a page at most. */
const REBUILD_MS = 24 * 3_600_000
/** How long removed rows stay in the write-ahead log at most. A cut takes milliseconds. */
const CUT_LOG_MS = 3_600_000
/** Operations of one transaction, some 10 ms: the first of them waits for the last. */
const MOST_TOGETHER = 128

export function holdFile(path: string, spec: SpecTable, ports: HeldFilePorts): HeldFile {
  return new Held(path, spec, ports)
}

class Held implements HeldFile {
  readonly #path: string
  readonly #spec: SpecTable
  readonly #ports: HeldFilePorts
  #open: { readonly db: Database; readonly table: Table } | null = null
  #triedAt = Number.NEGATIVE_INFINITY
  #problem: string | null = null
  #cutAt = Number.NEGATIVE_INFINITY
  #rebuiltAt: number

  constructor(path: string, spec: SpecTable, ports: HeldFilePorts) {
    this.#path = path
    this.#spec = spec
    this.#ports = ports
    // Not at the start, when everything waits for the thread.
    this.#rebuiltAt = ports.monotonic()
  }

  open(): string | null {
    if (this.#open) return null
    if (this.#ports.monotonic() - this.#triedAt < RETRY_MS) return this.#problem
    this.#triedAt = this.#ports.monotonic()
    try {
      const { db, setAside } = openStateFile(this.#path, this.#spec.format)
      this.#open = { db, table: this.#tableOf(db) }
      if (setAside) this.#ports.setAside(setAside)
      this.#problem = null
    } catch (error) {
      this.#drop()
      this.#problem = describe(error)
    }
    return this.#problem
  }

  run(operations: readonly Operation[]): readonly StateOutcome[] {
    const outcomes = chunksOf(operations).flatMap(
      (some) => (some.length > 1 ? this.#together(some) : null) ?? some.map((one) => this.#alone(one)),
    )
    this.#cutLog()
    return outcomes
  }

  /** Deleted rows are overwritten in the file; the log still has the pages from before. A reader can delay it until the next time. */
  #cutLog(): void {
    const now = this.#ports.monotonic()
    if (!this.#open || now - this.#cutAt < CUT_LOG_MS) return
    this.#cutAt = now
    try {
      if (now - this.#rebuiltAt >= REBUILD_MS) {
        this.#rebuiltAt = now
        rebuild(this.#open.db)
      }
      cutLog(this.#open.db)
    } catch {
      // The next operation reports a file that cannot be used.
    }
  }

  close(): void {
    this.#drop()
    this.#triedAt = Number.POSITIVE_INFINITY
  }

  /** Null if nothing was done: then each must run alone, so that one fault does not concern the others. */
  #together(operations: readonly Operation[]): readonly StateOutcome[] | null {
    this.open()
    if (!this.#open) return null
    const { db, table } = this.#open
    try {
      const work = db.transaction(() => operations.map((one) => ({ kind: 'done', value: callOf(table, one) }) as const))
      return operations.every(({ operation }) => this.#spec.reads.has(operation)) ? work.deferred() : work.immediate()
    } catch {
      this.#renew(db)
      return null
    }
  }

  /** What a table remembers may be of rows that were rolled back. */
  #renew(db: Database): void {
    try {
      this.#open = { db, table: this.#tableOf(db) }
    } catch (error) {
      this.#giveUp(describe(error))
    }
  }

  #alone(one: Operation): StateOutcome {
    const cause = this.open()
    if (!this.#open) return { kind: 'failed', cause: cause ?? 'the file is closed' }
    try {
      return { kind: 'done', value: callOf(this.#open.table, one) }
    } catch (error) {
      if (isDamage(error)) this.#giveUp(describe(error))
      return { kind: 'failed', cause: describe(error) }
    }
  }

  /** The next operation opens it again, which sets a damaged file aside. */
  #giveUp(cause: string): void {
    this.#drop()
    this.#triedAt = Number.NEGATIVE_INFINITY
    this.#problem = cause
  }

  #drop(): void {
    this.#open?.db.close()
    this.#open = null
  }

  #tableOf(db: Database): Table {
    return this.#spec.tableOf(db) as unknown as Table
  }
}

function callOf(table: Table, { operation, args }: Operation): unknown {
  const run = table[operation]
  if (!run) throw new Error(`there is no operation ${operation}`)
  return run(...args)
}

function chunksOf(operations: readonly Operation[]): readonly (readonly Operation[])[] {
  if (operations.length <= MOST_TOGETHER) return [operations]
  const count = Math.ceil(operations.length / MOST_TOGETHER)
  return Array.from({ length: count }, (_, place) =>
    operations.slice(place * MOST_TOGETHER, (place + 1) * MOST_TOGETHER),
  )
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
