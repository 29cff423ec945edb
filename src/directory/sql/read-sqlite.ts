// Reads an SQLite file in a worker thread, because the driver blocks and a slow view must not stop the node.

import { startThread } from '../../lib/program-files.ts'
import type { ReadSql } from './sql-reader.ts'
import type { SqliteAnswer } from './sqlite-worker.ts'

export function createSqliteReader(file: string): ReadSql {
  let isBusy = false
  return async ({ statements, timeoutMs, signal }) => {
    // A statement that never ends cannot be interrupted. It may block one thread, but not one more at each refresh.
    if (isBusy) throw new Error('the previous read has not ended')
    isBusy = true
    return await new Promise((resolve, reject) => {
      const worker = startThread(new URL('./sqlite-worker.ts', import.meta.url), {
        workerData: { file, statements, timeoutMs },
      })
      // Not awaited: a running statement delays the end of the thread.
      const end = () => void worker.terminate()
      signal.addEventListener('abort', end, { once: true })
      worker.on('message', (answer: SqliteAnswer) => {
        if (answer.kind === 'rows') resolve(answer.rows)
        else reject(new Error(answer.cause))
      })
      worker.on('error', reject)
      worker.on('exit', () => {
        isBusy = false
        signal.removeEventListener('abort', end)
        reject(new Error('the reader thread ended'))
      })
    })
  }
}
