// Runs one node as a process with its own configuration and writes its log to a file.

import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { commandClock } from '../lib/clock.ts'
import { type ProgramCommand, programCommand } from '../lib/program-files.ts'

/** Start timeout, ms. A node is ready within a second; a loaded machine may need much longer. */
const START_MS = 40_000

export interface NodeProcess {
  readonly pid: number
  /** Sends the signal (default SIGTERM) and waits for the exit. */
  stop(signal?: NodeJS.Signals): Promise<void>
}

/**
 * Starts `waypost run -c config` and resolves when the node logs "ready"; otherwise rejects with the last lines of its output.
 * The node is killed when this process exits (SIGKILL of this process excepted).
 * @param program how the program is started, by default as this process
 */
export function startNodeProcess(
  config: string,
  logFile: string,
  program: ProgramCommand = programCommand(),
): Promise<NodeProcess> {
  const args = [...program.nodeArgs, ...program.args, 'run', '-c', config]
  const child = spawn(program.command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const killWithParent = () => void child.kill('SIGKILL')
  process.prependOnceListener('exit', killWithParent)
  child.once('exit', () => process.removeListener('exit', killWithParent))
  const log = createWriteStream(logFile, { flags: 'a' })
  const lastLines: string[] = []
  return new Promise((resolve, reject) => {
    const fail = (why: string) => reject(new Error(`${config}: ${why}\n${lastLines.join('\n')}`))
    const timer = commandClock.after(START_MS, () => {
      child.kill('SIGKILL')
      fail(`not ready after ${START_MS} ms`)
    })
    child.once('exit', (code) => {
      timer.cancel()
      fail(`exited with ${code} before it was ready`)
    })
    const read = (text: string) => {
      log.write(`${text}\n`)
      lastLines.push(text)
      if (lastLines.length > 10) lastLines.shift()
      if (!text.includes('"msg":"ready"')) return
      timer.cancel()
      resolve({ pid: child.pid as number, stop: (signal = 'SIGTERM') => stop(child, signal) })
    }
    createInterface({ input: child.stdout }).on('line', read)
    createInterface({ input: child.stderr }).on('line', read)
  })
}

function stop(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise((resolve) => {
    child.once('exit', () => resolve())
    child.kill(signal)
  })
}
