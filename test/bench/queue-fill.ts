// Creates a data folder with many queued messages in a child process, so that its memory is not counted.

import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const child = fileURLToPath(import.meta.resolve('./queue-fill-child.ts'))
/** A million messages take two minutes on the reference machine. */
const PATIENCE = 900_000

export interface FilledQueue {
  /** The node's data folder. */
  readonly data: string
  remove(): void
}

/** `deferred`: not due for an hour; `due`: attempted at once. */
export async function fillQueue(count: number, nextHop: string, kind: 'deferred' | 'due'): Promise<FilledQueue> {
  const data = mkdtempSync(join(tmpdir(), 'waypost-filled-'))
  const directory = join(data, 'queue')
  mkdirSync(directory)
  if (count > 0)
    await run(process.execPath, [child, JSON.stringify({ directory, count, nextHop, kind })], { timeout: PATIENCE })
  return { data, remove: () => rmSync(data, { recursive: true, force: true }) }
}
