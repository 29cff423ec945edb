// Where a running node leaves its process id, for `waypost reload`. Written by whoever holds the queue, as soon as he does: until then the
// number in the file may be anybody's.

import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Config } from '../config/config.ts'
import type { Log } from '../observe/json-log.ts'

export function pidFile(config: Pick<Config, 'data'>): string {
  return join(config.data, 'waypost.pid')
}

/** Writes it; the answer takes it away. A node on a full disk runs without: it has mail to deliver. */
export function leavePid(config: Pick<Config, 'data'>, log: Log): () => void {
  const file = pidFile(config)
  try {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, `${process.pid}\n`)
  } catch (error) {
    log.warn({ cause: (error as Error).message }, 'no pid file: waypost reload will not find this node')
  }
  return () => rmSync(file, { force: true })
}
