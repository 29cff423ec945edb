// A node of a soak as a process, in the environment of deploy/waypost.service. It is started again when it ends, as systemd does, but an end that
// the soak did not cause breaks the proof.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { unitEnvironment } from '../bench/unit-environment.ts'
import { testedProgram } from '../lib/tested-program.ts'
import { until } from '../lib/until.ts'

export interface Life {
  readonly pid: number
  /** Unix ms. */
  readonly from: number
  to: number | null
}

export interface SoakNode {
  readonly name: 'mx' | 'srs'
  readonly data: string
  /** The processes so far; the last one runs. */
  readonly lives: readonly Life[]
  /** Times of `kill`, unix ms. */
  readonly kills: readonly number[]
  /** Ends that the soak did not cause. */
  readonly ends: readonly string[]
  start(): Promise<void>
  /** SIGKILL, and a new process. */
  kill(): Promise<void>
  /** SIGTERM; resolves after the drain. */
  stop(): Promise<void>
  signal(signal: NodeJS.Signals): void
  /** The text of /metrics, or null if the node does not answer now. */
  metrics(): Promise<string | null>
  /** Ends the process in any state; for the end of a soak that failed. */
  abandon(): void
}

export interface NodePlace {
  readonly name: 'mx' | 'srs'
  readonly config: string
  readonly data: string
  readonly logFile: string
  readonly admin: string
}

/** Only ends a start that hangs, also on a full disk. */
const START_PATIENCE = 120_000
const METRICS_PATIENCE = 5000
/** Pause before a node that has ended by itself is started again, as RestartSec of the unit. */
const RESTART_PAUSE = 5000
/** The log is read in parts of this size, octets. */
const LOG_PART = 65_536

export function createSoakNode({ name, config, data, logFile, admin }: NodePlace): SoakNode {
  const lives: Life[] = []
  const kills: number[] = []
  const ends: string[] = []
  let child: ChildProcess | null = null
  let wanted = false

  const start = async (): Promise<void> => {
    wanted = true
    const from = existsSync(logFile) ? statSync(logFile).size : 0
    const started = spawnNode(config, logFile)
    child = started
    const life: Life = { pid: started.pid as number, from: Date.now(), to: null }
    lives.push(life)
    started.once('exit', (code, signal) => {
      life.to = Date.now()
      if (!wanted || child !== started) return
      ends.push(`${name} ended by itself with ${signal ?? code} at ${new Date().toISOString()}`)
      void sleep(RESTART_PAUSE).then(() => (wanted && child === started ? start() : undefined))
    })
    const saysReady = watchLog(logFile, from, '"msg":"ready"')
    const isReady = () => started.exitCode !== null || started.signalCode !== null || saysReady()
    await until(isReady, { what: `${name} to be ready`, timeout: START_PATIENCE, every: 20 })
  }
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const running = child
    wanted = false
    if (running === null || running.exitCode !== null || running.signalCode !== null) return
    const ended = once(running, 'exit')
    running.kill(signal)
    await ended
  }
  return {
    name,
    data,
    lives,
    kills,
    ends,
    start,
    kill: async () => {
      kills.push(Date.now())
      await end('SIGKILL')
      await start()
    },
    stop: () => end('SIGTERM'),
    signal: (signal) => void child?.kill(signal),
    metrics: async () => {
      try {
        const page = await fetch(`http://${admin}/metrics`, { signal: AbortSignal.timeout(METRICS_PATIENCE) })
        return await page.text()
      } catch {
        return null
      }
    },
    abandon: () => {
      wanted = false
      child?.kill('SIGKILL')
    },
  }
}

function spawnNode(config: string, logFile: string): ChildProcess {
  const { command, nodeArgs, args } = testedProgram()
  const log = openSync(logFile, 'a')
  try {
    return spawn(command, [...nodeArgs, ...args, 'run', '-c', config], {
      stdio: ['ignore', log, log],
      env: { ...process.env, ...unitEnvironment() },
    })
  } finally {
    closeSync(log)
  }
}

/** Returns a function that reads the log on from an offset and is true as soon as the text was there. */
function watchLog(file: string, from: number, text: string): () => boolean {
  let at = from
  let tail = ''
  let found = false
  return () => {
    const log = openSync(file, 'r')
    try {
      const part = Buffer.alloc(LOG_PART)
      for (let length = -1; !found && length !== 0; at += length) {
        length = readSync(log, part, 0, LOG_PART, at)
        tail = tail.slice(-text.length) + part.toString('latin1', 0, length)
        found = tail.includes(text)
      }
      return found
    } finally {
      closeSync(log)
    }
  }
}
