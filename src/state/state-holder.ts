// A file of shared state in a running node: opened when it is needed, given up after an error, opened again later. It never throws.

import type { Database } from 'better-sqlite3'
import { isDamage, openStateFile, type StateFormat } from './sqlite/state-file.ts'

export interface StateHolder<Table> {
  /** Opens the file if it is not open and its time has come. */
  open(): void
  /** Runs `work` with the open table. Null after an error, and while the file is not open. */
  use<Result>(work: (table: Table) => Result): Result | null
  /** Why the file cannot be used; null while it can, and before it is needed. */
  readonly problem: string | null
  close(): void
}

export interface StateHolderPorts {
  /** Monotonic milliseconds. */
  readonly monotonic: () => number
  /** Called when the file cannot be used, and with null when it can be used again. */
  readonly changed: (problem: string | null) => void
  readonly setAside: (file: { readonly path: string; readonly cause: string }) => void
}

export interface HeldFile<Table> {
  readonly path: string
  readonly format: StateFormat
  /** Prepares the table of a file that was just opened. */
  readonly tableOf: (db: Database) => Table
}

/** A file that cannot be opened is tried again after this time: each attempt takes milliseconds of the main thread. */
const RETRY_MS = 60_000

export function holdState<Table>(file: HeldFile<Table>, ports: StateHolderPorts): StateHolder<Table> {
  let db: Database | null = null
  let table: Table | null = null
  let triedAt = Number.NEGATIVE_INFINITY
  let problem: string | null = null
  const report = (found: string | null) => {
    const isChange = (found === null) !== (problem === null)
    problem = found
    if (isChange) ports.changed(found)
  }
  const drop = () => {
    db?.close()
    db = null
    table = null
  }
  return {
    get problem() {
      return problem
    },
    open: () => {
      if (table || ports.monotonic() - triedAt < RETRY_MS) return
      triedAt = ports.monotonic()
      try {
        const opened = openStateFile(file.path, file.format)
        db = opened.db
        table = file.tableOf(opened.db)
        if (opened.setAside) ports.setAside(opened.setAside)
        report(null)
      } catch (error) {
        drop()
        report(describe(error))
      }
    },
    use: (work) => {
      if (!table) return null
      try {
        const result = work(table)
        report(null)
        return result
      } catch (error) {
        report(describe(error))
        // The next opening sets a damaged file aside.
        if (isDamage(error)) {
          drop()
          triedAt = Number.NEGATIVE_INFINITY
        }
        return null
      }
    },
    close: () => {
      drop()
      // What ends during the drain must not open it again.
      triedAt = Number.POSITIVE_INFINITY
    },
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
