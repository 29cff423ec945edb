// One node of the demonstration: a real process with its own configuration, its log kept in a file.

import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url))

/** Longest start, ms: a node is ready within a second; a loaded machine gets forty. */
const START_MS = 40_000

export interface NodeProcess {
  readonly pid: number
  /** Ends it with the signal and waits until it is gone. */
  stop(signal?: NodeJS.Signals): Promise<void>
}

/**
 * Starts `waypost run -c config` and resolves when it says that it is ready; rejects with its last words if it is not. However this process
 * ends, short of being killed, the node ends with it.
 */
export function startNodeProcess(config: string, logFile: string): Promise<NodeProcess> {
  const child = spawn(process.execPath, [MAIN, 'run', '-c', config], { stdio: ['ignore', 'pipe', 'pipe'] })
  const endWithUs = () => void child.kill('SIGKILL')
  process.prependOnceListener('exit', endWithUs)
  child.once('exit', () => process.removeListener('exit', endWithUs))
  const log = createWriteStream(logFile, { flags: 'a' })
  const lastWords: string[] = []
  return new Promise((resolve, reject) => {
    const fail = (why: string) => reject(new Error(`${config}: ${why}\n${lastWords.join('\n')}`))
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      fail(`not ready after ${START_MS} ms`)
    }, START_MS)
    child.once('exit', (code) => {
      clearTimeout(timer)
      fail(`ended with ${code} before it was ready`)
    })
    const read = (text: string) => {
      log.write(`${text}\n`)
      lastWords.push(text)
      if (lastWords.length > 10) lastWords.shift()
      if (!text.includes('"msg":"ready"')) return
      clearTimeout(timer)
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
