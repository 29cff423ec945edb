// Runs the loader of the benchmark `mx` as a child process and reads its result.

import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { MxLoadAnswer, MxLoadOrder } from './mx-load-order.ts'

const run = promisify(execFile)
const child = fileURLToPath(import.meta.resolve('./mx-load-child.ts'))
const PATIENCE = 600_000

/** Rejects if the server refuses a message. */
export async function runMxLoad(order: MxLoadOrder): Promise<MxLoadAnswer> {
  const { stdout } = await run(process.execPath, [child, JSON.stringify(order)], { timeout: PATIENCE })
  return JSON.parse(stdout) as MxLoadAnswer
}
