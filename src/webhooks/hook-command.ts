// Passes a webhook to a command: JSON on its standard input, no shell. Exit code 0 is a success.

import { spawn } from 'node:child_process'
import type { Clock } from '../lib/clock.ts'
import { errorText } from '../lib/log.ts'
import { printable } from '../lib/printable.ts'
import type { CommandTarget, HookResult, SendHook } from './hook-target.ts'

/** Characters of the standard error output that the log gets. */
const MOST_OUTPUT = 500

/** The environment of the command: nothing of the node's but the search path. */
const environment = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8' }

export function createCommandRunner(clock: Pick<Clock, 'after'>): SendHook<CommandTarget> {
  return ({ argv, timeoutMs }, body, signal) =>
    new Promise((resolve) => {
      const [program = '', ...parameters] = argv
      // A separate group, so that what the command has started ends with it.
      const child = spawn(program, parameters, {
        shell: false,
        detached: true,
        stdio: 'pipe',
        env: environment,
        cwd: '/',
      })
      let output = ''
      const end = (result: HookResult) => {
        timer.cancel()
        signal.removeEventListener('abort', abort)
        resolve(result)
      }
      const kill = (cause: string) => {
        if (child.pid !== undefined) killGroup(child.pid)
        end({ kind: 'failed', cause })
      }
      const abort = () => kill('the node stops')
      const timer = clock.after(timeoutMs, () => kill(`the command did not end within ${timeoutMs / 1000} s`))
      signal.addEventListener('abort', abort, { once: true })
      child.once('error', (error) => end({ kind: 'failed', cause: errorText(error) }))
      child.once('close', (code, name) => {
        const text = output === '' ? '' : `: ${printable(output.trim())}`
        if (code === 0) end({ kind: 'delivered' })
        else end({ kind: 'failed', cause: `the command ended with ${name ?? code}${text}` })
      })
      child.stdout.resume()
      child.stderr.setEncoding('utf8').on('data', (piece: string) => {
        if (output.length < MOST_OUTPUT) output = `${output}${piece}`.slice(0, MOST_OUTPUT)
      })
      // A command that does not read its input may succeed all the same.
      child.stdin.once('error', () => undefined)
      child.stdin.end(body)
    })
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It has ended.
  }
}
