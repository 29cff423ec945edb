// The file with the process ID of the running node, for `waypost reload`. The node writes it after it has locked the queue: before that,
// the ID may belong to another process.

import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Log } from '../lib/log.ts'

/** Returns a function that removes the file. A node that cannot write it (full disk) runs without: delivering mail matters more. */
export function writePidFile(file: string, log: Pick<Log, 'warn'>): () => void {
  try {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, `${process.pid}\n`)
  } catch (error) {
    log.warn(
      { file, cause: (error as Error).message },
      'cannot write the PID file: waypost reload does not work, send SIGHUP instead',
    )
  }
  return () => rmSync(file, { force: true })
}
