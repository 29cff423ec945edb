// Runs a command of the operator without a shell, and waits for its end. Exit code 0 is a success.

import { spawn } from 'node:child_process'
import type { Clock } from './clock.ts'
import { errorText } from './log.ts'
import { printable } from './printable.ts'

export interface CommandLine {
  /** Absolute path of the program, and its arguments. */
  readonly argv: readonly string[]
  readonly timeoutMs: number
}

/** Characters of the standard error output that the result gets. */
const MOST_OUTPUT = 500
/** Nothing of the environment of the node but the search path. */
const environment = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8' }

/** Null, or why it failed. Never rejects. What the command has started ends with it at the time limit. */
export function runCommand({ argv, timeoutMs }: CommandLine, clock: Pick<Clock, 'after'>): Promise<string | null> {
  return new Promise((resolve) => {
    const [program = '', ...parameters] = argv
    const child = spawn(program, parameters, {
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: environment,
      cwd: '/',
    })
    let output = ''
    const end = (cause: string | null) => {
      timer.cancel()
      resolve(cause)
    }
    const timer = clock.after(timeoutMs, () => {
      killGroup(child.pid)
      end(`the command did not end within ${timeoutMs / 1000} s`)
    })
    child.once('error', (error) => end(errorText(error)))
    child.once('close', (code, signal) => {
      const text = output === '' ? '' : `: ${printable(output.trim())}`
      end(code === 0 ? null : `the command ended with ${signal ?? code}${text}`)
    })
    child.stderr.setEncoding('utf8').on('data', (piece: string) => {
      if (output.length < MOST_OUTPUT) output = `${output}${piece}`.slice(0, MOST_OUTPUT)
    })
  })
}

function killGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  } catch {
    // It has ended.
  }
}
