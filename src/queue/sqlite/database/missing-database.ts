// Detects a queue whose database is missing while its bodies are there, or while a restore was about to put it into place. A new database
// would know none of the mail, and the sweep at the start would delete the bodies, with the last chance to recover it.

import { readdirSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { QueueUnavailable } from '../../contract/queue-unavailable.ts'

/** Throws QueueUnavailable if a new database would be created beside the files of an old one. */
export function requireNothingLeft(directory: string, databaseFile: string): void {
  const file = join(directory, databaseFile)
  const size = sizeOf(file)
  if (size !== null && size > 0) return
  const hasLog = (sizeOf(`${file}-wal`) ?? 0) > 0
  // An empty file with a log is complete: SQLite reads the log.
  if (size === 0 && hasLog) return
  const spool = join(directory, 'spool')
  const restoring = restoringFolder(directory)
  if (sizeOf(join(restoring, databaseFile)) !== null)
    throw new QueueUnavailable(
      'corrupt',
      `a restore of ${directory} was interrupted; nothing was changed. Run \`waypost queue restore\` again, ` +
        `or remove ${restoring} to start with an empty queue`,
    )
  const left = [...(hasLog ? [`${file}-wal`] : []), ...(hasFiles(spool) ? [spool] : [])]
  if (left.length === 0) return
  throw new QueueUnavailable(
    'corrupt',
    `${file} is ${size === null ? 'missing' : 'empty'}, but mail of it is in ${left.join(' and ')}; nothing was changed. ` +
      `Put the file back, restore a backup with \`waypost queue restore\`, or move ${directory} away to start with an empty queue`,
  )
}

/** Where a restore copies a backup before it takes the place of the queue. */
export function restoringFolder(directory: string): string {
  return join(dirname(directory), `.${basename(directory)}.restoring`)
}

/** Octets; null without a file. */
function sizeOf(file: string): number | null {
  return statSync(file, { throwIfNoEntry: false })?.size ?? null
}

function hasFiles(spool: string): boolean {
  if (sizeOf(spool) === null) return false
  return readdirSync(spool, { withFileTypes: true }).some(
    (folder) => folder.isDirectory() && readdirSync(join(spool, folder.name)).length > 0,
  )
}
