// Runs a child process that says line by line what it was promised, and kills it with SIGKILL.

import { spawn } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

export interface Life {
  /** A script of test/faults. */
  readonly script: string
  readonly args: readonly string[]
  /** Ms after the line that begins with `from`; null: it ends by itself. */
  readonly killAfter: number | null
  readonly from: string
}

/** The lines of one life. Compiled code is kept, so that more lives fit into a minute. */
export async function live({ script, args, killAfter, from }: Life): Promise<string[]> {
  const file = join(import.meta.dirname, '../../faults', script)
  const env = { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), 'waypost-kill-cache') }
  const worker = spawn(process.execPath, [file, ...args], { stdio: ['ignore', 'pipe', 'inherit'], env })
  const lines: string[] = []
  const ended = new Promise<void>((resolve) => worker.once('close', () => resolve()))
  createInterface({ input: worker.stdout }).on('line', (line) => {
    lines.push(line)
    if (killAfter !== null && line.startsWith(from)) setTimeout(() => worker.kill('SIGKILL'), killAfter)
  })
  await ended
  return lines
}
