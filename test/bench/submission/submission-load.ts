// Runs the loader of the benchmark `submission` as a child process and reads its answer.

import { fileURLToPath } from 'node:url'
import { runChild } from '../run-child.ts'
import type { SubmissionAnswer, SubmissionOrder } from './submission-load-order.ts'

const child = fileURLToPath(import.meta.resolve('./submission-load-child.ts'))
const PATIENCE = 600_000

/** Rejects if the server refuses a login or a message. */
export function runSubmissionLoad(order: SubmissionOrder): Promise<SubmissionAnswer> {
  return runChild(child, order, PATIENCE)
}
