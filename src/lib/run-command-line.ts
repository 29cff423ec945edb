// Runs a command of the operator without a shell, and waits for its end. Exit code 0 is a success.

import { spawn } from 'node:child_process'
import type { Clock } from './clock.ts'
import { errorText } from './log.ts'
import { printable } from './printable.ts'

export interface CommandLine {
  /** The program, and its arguments. */
  readonly argv: readonly string[]
  readonly timeoutMs: number
  /** For its standard input; nothing by default. */
  readonly input?: string
  /** Ends the command when the node stops. */
  readonly signal?: AbortSignal
}

/** Characters of the standard error output that the result gets. */
const MOST_OUTPUT = 500
/** Nothing of the environment of the node but the search path. */
const environment = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8' }

/** Null, or why it failed. Never rejects. What the command has started ends with it at the time limit. */
export function runCommand(
  { argv, timeoutMs, input = '', signal }: CommandLine,
  clock: Pick<Clock, 'after'>,
): Promise<string | null> {
  return new Promise((resolve) => {
    const [program = '', ...parameters] = argv
    // A separate group, so that what the command has started ends with it.
    const child = spawn(program, parameters, { detached: true, stdio: 'pipe', env: environment, cwd: '/' })
    let output = ''
    const end = (cause: string | null) => {
      timer.cancel()
      signal?.removeEventListener('abort', abort)
      resolve(cause)
    }
    const kill = (cause: string) => {
      killGroup(child.pid)
      end(cause)
    }
    const abort = () => kill('the node stops')
    const timer = clock.after(timeoutMs, () => kill(`the command did not end within ${timeoutMs / 1000} s`))
    signal?.addEventListener('abort', abort, { once: true })
    child.once('error', (error) => end(errorText(error)))
    child.once('close', (code, name) => {
      const text = output === '' ? '' : `: ${printable(output.trim())}`
      end(code === 0 ? null : `the command ended with ${name ?? code}${text}`)
    })
    child.stdout.resume()
    child.stderr.setEncoding('utf8').on('data', (piece: string) => {
      if (output.length < MOST_OUTPUT) output = `${output}${piece}`.slice(0, MOST_OUTPUT)
    })
    // A command that does not read its input may succeed all the same.
    child.stdin.once('error', () => undefined)
    child.stdin.end(input)
  })
}

function killGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  } catch {
    // It has ended.
  }
}
