// Checks passwords and makes hashes in worker threads with a bounded queue, so that neither the event loop nor libuv's thread pool waits for
// a hash. A full queue is `unavailable` (454 4.7.0 to the client), never a wrong password. Known clients come before strangers.

import { availableParallelism } from 'node:os'
import type { Worker } from 'node:worker_threads'
import { type Purpose, purposes } from '../budget/budget.ts'
import { createBudgets } from '../budget/budgets.ts'
import type { Holder, Pool } from '../budget/pool.ts'
import { systemClock } from '../lib/clock.ts'
import { startThread } from '../lib/program-files.ts'
import type { PasswordAnswer, PasswordRequest } from './password-worker.ts'
import type { ScramSalt } from './derived-schemes.ts'
import type { HashableScheme } from './schemes.ts'
import type { StoredPassword } from './stored-password.ts'

export interface PasswordVerdict {
  readonly verdict: 'match' | 'mismatch' | 'unavailable'
  /** Computing time, without the time in the queue. */
  readonly ms: number
}

export interface PasswordPool {
  /** @param holder in whose share of the budget `passwordChecks` it is; without one it counts as work of the node itself */
  verify(stored: StoredPassword, password: string, holder?: Holder): Promise<PasswordVerdict>
  close(): Promise<void>
}

export interface PasswordHasher {
  /**
   * `{SCHEME}hash` of a new password; null if too many requests wait.
   * @param salt for SCRAM keys; without it, as for every other scheme, a fresh one
   */
  hash(scheme: HashableScheme, password: string, salt?: ScramSalt | null): Promise<string | null>
}

const OWN: Holder = { purpose: 'delivery' }
const notDone: PasswordAnswer = { result: null, ms: 0 }

interface Job {
  readonly request: PasswordRequest
  readonly purpose: Purpose
  readonly settle: (answer: PasswordAnswer) => void
}

interface Seat {
  worker: Worker | null
  job: Job | null
}

export interface PoolSettings {
  readonly workers?: number
  /** The budget `passwordChecks`; a separate pool with its numbers if absent, as for a command. */
  readonly places?: Pool
}

export function createPasswordPool(settings: PoolSettings = {}): PasswordPool & PasswordHasher {
  const places = settings.places ?? createBudgets(systemClock).pool('passwordChecks')
  const seats = Array.from(
    { length: settings.workers ?? passwordWorkers(availableParallelism()) },
    (): Seat => ({ worker: null, job: null }),
  )
  const waiting: Job[] = []
  let closed = false
  const next = () => {
    const free = seats.filter(({ job }) => job === null)
    const seat = free.find(({ worker }) => worker !== null) ?? free[0]
    const job = seat && takeNext(waiting)
    if (!seat || !job) return
    seat.job = job
    try {
      seat.worker ??= startWorker(seat, next)
      seat.worker.postMessage(job.request)
    } catch {
      // The system starts no more threads at present: `unavailable`, and what waits is not left without a thread.
      seat.job = null
      job.settle(notDone)
      next()
    }
  }
  const ask = async (request: PasswordRequest, holder: Holder): Promise<PasswordAnswer> => {
    const place = closed ? null : places.take(holder)
    if (place?.kind !== 'lease') return notDone
    try {
      return await new Promise((settle) => {
        waiting.push({ request, purpose: holder.purpose, settle })
        next()
      })
    } finally {
      place.release()
    }
  }
  return {
    verify: async (stored, password, holder = OWN) => {
      const { result, ms } = await ask({ kind: 'verify', stored, password }, holder)
      return { verdict: result === null ? 'unavailable' : result === true ? 'match' : 'mismatch', ms }
    },
    hash: async (scheme, password, salt = null) => {
      const { result } = await ask({ kind: 'hash', scheme, password, salt }, OWN)
      return typeof result === 'string' ? result : null
    },
    close: async () => {
      closed = true
      for (const job of waiting.splice(0)) job.settle(notDone)
      await Promise.all(seats.flatMap((seat) => (seat.worker ? [seat.worker.terminate()] : [])))
    },
  }
}

/** Half of the processors check passwords, also under attack; one or two of them if there are not more. */
export function passwordWorkers(processors: number): number {
  return Math.max(Math.min(2, processors), Math.ceil(processors / 2))
}

/** The first of those with the most important purpose. */
function takeNext(waiting: Job[]): Job | undefined {
  const ranks = waiting.map(({ purpose }) => purposes.indexOf(purpose))
  return waiting.splice(ranks.indexOf(Math.min(...ranks)), 1)[0]
}

/** If a thread dies, only its current job is lost; the next job starts a new thread. */
function startWorker(seat: Seat, next: () => void): Worker {
  const worker = startThread(new URL('./password-worker.ts', import.meta.url))
  worker.unref()
  const finish = (answer: PasswordAnswer) => {
    const { job } = seat
    seat.job = null
    job?.settle(answer)
    next()
  }
  worker.on('message', finish)
  worker.on('error', () => {})
  worker.on('exit', () => {
    seat.worker = null
    finish(notDone)
  })
  return worker
}
