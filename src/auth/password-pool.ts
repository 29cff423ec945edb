// Checks passwords and makes hashes in worker threads with a bounded queue, so that neither the event loop nor libuv's thread pool waits for a hash. A full
// queue is `unavailable` (454 4.7.0 to the client), never a wrong password.

import { Worker } from 'node:worker_threads'
import type { PasswordAnswer, PasswordRequest } from './password-worker.ts'
import type { HashableScheme } from './schemes.ts'
import type { StoredPassword } from './stored-password.ts'

export type PasswordVerdict = 'match' | 'mismatch' | 'unavailable'

export interface PasswordPool {
  verify(stored: StoredPassword, password: string): Promise<PasswordVerdict>
  close(): Promise<void>
}

export interface PasswordHasher {
  /** `{SCHEME}hash` of a new password with a fresh salt; null if too many requests wait. */
  hash(scheme: HashableScheme, password: string): Promise<string | null>
}

/** At most two cores check passwords, also under attack. */
const WORKERS = 2
/** With 50 ms for each hash, the wait is three seconds. Further logins are refused temporarily. */
const QUEUE_LIMIT = 128

interface Job {
  readonly request: PasswordRequest
  /** Null: the work was not done. */
  readonly settle: (answer: PasswordAnswer) => void
}

interface Seat {
  worker: Worker | null
  job: Job | null
}

export interface PoolSettings {
  readonly workers?: number
  readonly queueLimit?: number
}

export function createPasswordPool(settings: PoolSettings = {}): PasswordPool & PasswordHasher {
  const limit = settings.queueLimit ?? QUEUE_LIMIT
  const seats = Array.from({ length: settings.workers ?? WORKERS }, (): Seat => ({ worker: null, job: null }))
  const waiting: Job[] = []
  let closed = false
  const next = () => {
    const seat = seats.find((each) => each.job === null)
    const job = seat && waiting.shift()
    if (!seat || !job) return
    seat.job = job
    seat.worker ??= startWorker(seat, next)
    seat.worker.postMessage(job.request)
  }
  const ask = (request: PasswordRequest): Promise<PasswordAnswer> => {
    if (closed || waiting.length >= limit) return Promise.resolve(null)
    return new Promise((settle) => {
      waiting.push({ request, settle })
      next()
    })
  }
  return {
    verify: async (stored, password) => {
      const matched = await ask({ kind: 'verify', stored, password })
      return matched === null ? 'unavailable' : matched === true ? 'match' : 'mismatch'
    },
    hash: async (scheme, password) => {
      const hash = await ask({ kind: 'hash', scheme, password })
      return typeof hash === 'string' ? hash : null
    },
    close: async () => {
      closed = true
      for (const job of waiting.splice(0)) job.settle(null)
      await Promise.all(seats.flatMap((seat) => (seat.worker ? [seat.worker.terminate()] : [])))
    },
  }
}

/** If a thread dies, only its current job is lost; the next job starts a new thread. */
function startWorker(seat: Seat, next: () => void): Worker {
  const worker = new Worker(new URL('./password-worker.ts', import.meta.url))
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
    finish(null)
  })
  return worker
}
