// Runs the loader of the benchmark as a child process and reads its result.

import { fileURLToPath } from 'node:url'
import type { LoadAnswer, LoadOrder } from './load-order.ts'
import { runChild } from './run-child.ts'

const child = fileURLToPath(import.meta.resolve('./load-child.ts'))

/** Rejects if the server refuses a message, or after `patience` ms. */
export function runLoad(order: LoadOrder, patience: number): Promise<LoadAnswer> {
  return runChild(child, order, patience)
}
