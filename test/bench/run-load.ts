// Runs the loader of the benchmark as a child process and reads its result.

import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { LoadAnswer, LoadOrder } from './load-order.ts'

const run = promisify(execFile)
const child = fileURLToPath(import.meta.resolve('./load-child.ts'))

/** Rejects if the server refuses a message, or after `patience` ms. */
export async function runLoad(order: LoadOrder, patience: number): Promise<LoadAnswer> {
  const { stdout } = await run(process.execPath, [child, JSON.stringify(order)], { timeout: patience })
  return JSON.parse(stdout) as LoadAnswer
}
