// Room queue: a queue whose database is gone while its bodies are there. A new one would know none of them, and the sweep behind a start would
// remove them all: the last chance to put the mail together again.

import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { QueueUnavailable } from '../../contract/queue-unavailable.ts'

/** Throws where a start would make a new database beside what an old one has left. An empty file whose log is there is no loss: SQLite reads the log. */
export function requireNothingLeft(directory: string, databaseFile: string): void {
  const file = join(directory, databaseFile)
  const size = sizeOf(file)
  if (size !== null && size > 0) return
  const hasLog = (sizeOf(`${file}-wal`) ?? 0) > 0
  if (size === 0 && hasLog) return
  const spool = join(directory, 'spool')
  const left = [...(hasLog ? [`${file}-wal`] : []), ...(hasFiles(spool) ? [spool] : [])]
  if (left.length === 0) return
  throw new QueueUnavailable(
    'corrupt',
    `${file} is ${size === null ? 'missing' : 'empty'}, but ${left.join(' and ')} ${left.length > 1 ? 'hold' : 'holds'} mail of it. ` +
      `Nothing was changed. Ways out: put the file back, restore a backup with \`waypost queue restore\`, or move ${directory} aside to begin anew`,
  )
}

function sizeOf(file: string): number | null {
  return statSync(file, { throwIfNoEntry: false })?.size ?? null
}

function hasFiles(spool: string): boolean {
  if (sizeOf(spool) === null) return false
  return readdirSync(spool, { withFileTypes: true }).some(
    (folder) => folder.isDirectory() && readdirSync(join(spool, folder.name)).length > 0,
  )
}
