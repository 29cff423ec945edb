// Runs the loader of the benchmark `mx` as a child process and reads its result.

import { fileURLToPath } from 'node:url'
import { runChild } from '../run-child.ts'
import type { MxLoadAnswer, MxLoadOrder } from './mx-load-order.ts'

const child = fileURLToPath(import.meta.resolve('./mx-load-child.ts'))
const PATIENCE = 600_000

/** Rejects if the server refuses a message. */
export function runMxLoad(order: MxLoadOrder): Promise<MxLoadAnswer> {
  return runChild(child, order, PATIENCE)
}
