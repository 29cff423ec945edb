// The drop directory of a running node: looks into it at the start and periodically, and reports its state.

import type { Budgets } from '../budget/budgets.ts'
import type { Config } from '../config/config.ts'
import type { Clock, Timer } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { systemRandom } from '../lib/random.ts'
import type { Health, HealthCheck } from '../observe/health-report.ts'
import type { GaugeSource } from '../observe/metrics.ts'
import { prepareDirectory } from '../sendmail/drop-directory.ts'
import type { Place } from '../sendmail/smtp-session.ts'
import { createDropRun } from './drop-run.ts'
import type { DropRun } from './drop-run.ts'

export interface DropWatch {
  readonly health: HealthCheck
  readonly metric: GaugeSource
  /** Call it when the listener for programs of this host accepts connections. */
  start(place: Place): void
  /** Resolves when the current look has ended. */
  close(): Promise<void>
}

export interface DropWatchPorts {
  readonly clock: Clock
  readonly budgets: Pick<Budgets, 'rate'>
  readonly log: Pick<Log, 'info' | 'warn' | 'error' | 'bug'>
}

/** A look costs one system call if the directory is empty. */
const LOOK_EVERY_MS = 5000
/** A file that waits longer shows that the listener does not take it. */
const LATE_MS = 10 * 60_000

/** Null if the configuration has no `drop`. */
export function watchDrop(config: Config, ports: DropWatchPorts): DropWatch | null {
  return config.drop ? createWatch(config, config.drop.directory, ports) : null
}

function createWatch(config: Config, directory: string, { clock, budgets, log }: DropWatchPorts): DropWatch {
  const { hostname, postmaster, limits } = config
  let problem = prepareDirectory(directory)
  if (problem !== null)
    log.warn({ cause: problem }, 'the drop directory cannot be used; messages of sendmail wait there')
  let last: DropRun = { found: 0, left: 0, oldest: null }
  let running: Promise<void> | null = null
  let timer: Timer | null = null
  const stop = new AbortController()
  const look = async (run: ReturnType<typeof createDropRun>) => {
    problem = prepareDirectory(directory)
    if (problem === null) last = await run(stop.signal)
  }
  return {
    health: { name: 'drop', check: () => healthOf(problem, last, clock.now()) },
    metric: {
      name: 'waypost_drop_files',
      help: 'Messages of `waypost sendmail` that wait in the drop directory since the last look.',
      labels: [],
      read: () => [{ labels: {}, value: last.left }],
    },
    start: (place) => {
      const settings = { directory, hostname, postmaster, messageSize: limits.message_size, place }
      const run = createDropRun(settings, { clock, random: systemRandom, log, rate: budgets.rate('droppedMessages') })
      const lookAgain = () => {
        running ??= look(run)
          .catch((error: unknown) => {
            problem = (error as Error).message
            log.bug(error, 'drop directory')
          })
          .finally(() => (running = null))
      }
      lookAgain()
      timer = clock.every(LOOK_EVERY_MS, lookAgain)
    },
    close: async () => {
      timer?.cancel()
      stop.abort()
      await running
    },
  }
}

function healthOf(problem: string | null, { left, oldest }: DropRun, now: number): Health {
  if (problem !== null) return { kind: 'degraded', reason: problem }
  if (oldest === null || now - oldest < LATE_MS) return { kind: 'ok' }
  const minutes = Math.floor((now - oldest) / 60_000)
  return { kind: 'degraded', reason: `${left} messages wait in the drop directory, the oldest for ${minutes} minutes` }
}
