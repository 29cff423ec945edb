// Runs the benchmark's own loader as a child process and reads its answer.

import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { LoadAnswer, LoadOrder } from './load-order.ts'

const run = promisify(execFile)
const child = fileURLToPath(import.meta.resolve('./load-child.ts'))

/** Rejects if the loader met a refusal or took longer than `patience` ms. */
export async function runLoad(order: LoadOrder, patience: number): Promise<LoadAnswer> {
  const { stdout } = await run(process.execPath, [child, JSON.stringify(order)], { timeout: patience })
  return JSON.parse(stdout) as LoadAnswer
}
