// Runs a loader of the benchmarks as a child process: its argument is an order, its output the answer, both JSON.

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Rejects if the loader fails, or after `patience` ms. @param script the path of its file */
export async function runChild<Answer>(script: string, order: object, patience: number): Promise<Answer> {
  const { stdout } = await run(process.execPath, [script, JSON.stringify(order)], { timeout: patience }).catch(
    // The usual message has the whole order.
    ({ stderr, signal }: { readonly stderr: string; readonly signal: string | null }) => {
      throw new Error(`the loader ended ${signal ?? 'with an error'}: ${stderr}`)
    },
  )
  return JSON.parse(stdout) as Answer
}
