// Runs the waypost command as its users do: a process, its exit code, and what it wrote.

import { spawn } from 'node:child_process'
import { expectNoSecret } from './planted-secrets.ts'
import { testedCommand } from './tested-program.ts'

/** A command that takes longer hangs. */
const PATIENCE_MS = 30_000

export interface Ran {
  /** Exit code, or null if a signal ended it. */
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Resolves when the command has ended; `input` goes to its standard input. */
export function runWaypost(args: readonly string[], input: string | Buffer = ''): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(...testedCommand(args), { timeout: PATIENCE_MS, killSignal: 'SIGKILL' })
    const written = { stdout: '', stderr: '' }
    child.stdout.setEncoding('utf8').on('data', (text: string) => (written.stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (written.stderr += text))
    child.once('error', reject)
    child.once('close', (status) => {
      try {
        expectNoSecret(`${written.stdout}${written.stderr}`, `the output of waypost ${args[0] ?? ''}`)
        resolve({ status, ...written })
      } catch (error) {
        reject(error)
      }
    })
    // A command that does not read what it is given closes the pipe.
    child.stdin.on('error', () => undefined)
    child.stdin.end(input)
  })
}
