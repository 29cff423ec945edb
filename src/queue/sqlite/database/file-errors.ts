// Errors of the queue's files as QueueUnavailable, with the file, the cause and what the operator can do.

import { statSync } from 'node:fs'
import { asUnavailable, QueueUnavailable } from '../../contract/queue-unavailable.ts'

/** True if the file exists. Throws QueueUnavailable if the file system denies access, which is not the same as a missing file. */
export function fileExists(file: string): boolean {
  try {
    return statSync(file, { throwIfNoEntry: false }) !== undefined
  } catch (error) {
    throw new QueueUnavailable('failing', `cannot access ${file}: ${(error as Error).message}`)
  }
}

/** Throws QueueUnavailable for a pipe, which SQLite would wait for, and for anything else that is not a file. A missing file is no error. */
export function requireFile(file: string): void {
  const found = statSync(file, { throwIfNoEntry: false })
  if (found && !found.isFile()) throw new QueueUnavailable('failing', `${file} is not a file; remove it`)
}

/** Runs `open`. An error of SQLite or of the file system becomes QueueUnavailable; any other error is thrown as it is. */
export function explainErrors<T>(file: string, open: () => T): T {
  try {
    return open()
  } catch (error) {
    const unavailable = asUnavailable(error)
    if (!unavailable || unavailable === error) throw error
    throw new QueueUnavailable(unavailable.cause, explanation(file, unavailable))
  }
}

function explanation(file: string, { cause, message }: QueueUnavailable): string {
  if (cause === 'full') return `cannot use ${file}: its file system is full (${message}); free space on it`
  if (cause !== 'corrupt') return `cannot use ${file}: ${message}`
  return (
    `${file} is damaged (${message}); nothing was changed. Restore a backup with \`waypost queue restore\`, or recover what is ` +
    'readable with `sqlite3 queue.db .recover` into a new file. Keep the damaged file'
  )
}
