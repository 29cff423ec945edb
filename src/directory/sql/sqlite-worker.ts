// The thread that reads an SQLite file: it opens the file read-only, runs one transaction and ends.

import { parentPort, workerData } from 'node:worker_threads'
import Database from 'better-sqlite3'
import type { Row } from './sql-rows.ts'

export type SqliteAnswer =
  | { readonly kind: 'rows'; readonly rows: readonly (readonly Row[])[] }
  | { readonly kind: 'bad'; readonly cause: string }

interface Task {
  readonly file: string
  readonly statements: readonly string[]
  readonly timeoutMs: number
}

function read({ file, statements, timeoutMs }: Task): SqliteAnswer {
  try {
    // The timeout is the wait for a lock.
    const database = new Database(file, { readonly: true, fileMustExist: true, timeout: timeoutMs })
    try {
      const all = database.transaction(() => statements.map((statement) => database.prepare(statement).all() as Row[]))
      return { kind: 'rows', rows: all() }
    } finally {
      database.close()
    }
  } catch (error) {
    return { kind: 'bad', cause: (error as Error).message }
  }
}

parentPort?.postMessage(read(workerData as Task))
