// The node's side of the state thread. Requests of one turn of the event loop, or of the time of the last answers, go to the thread in one
// message. A thread that ends or does not answer loses its requests; a later request starts another one.
//
// | state | requests | to |
// |---|---|---|
// | none | start a thread, not sooner than a second after the last start; until then they fail | running |
// | running | wait for their answer, at most until the deadline | ending: a deadline or the close; none: it ended by itself |
// | ending | fail | none, when the thread has ended |

import type { Worker } from 'node:worker_threads'
import type { Clock, Timer } from '../../lib/clock.ts'
import { errorText, type Log } from '../../lib/log.ts'
import { startThread } from '../../lib/program-files.ts'
import { releaseTogether } from '../../lib/release-memory.ts'
import type {
  FromStateThread,
  SetAside,
  StateChannel,
  StateOutcome,
  StateRequest,
  StateSpec,
  ToStateThread,
} from './state-messages.ts'

export interface StateThread extends StateChannel {
  /** Requests that wait for the thread. */
  readonly waiting: number
  /** Answers what waits, closes the files and ends the thread. */
  close(): Promise<void>
}

export interface StateThreadPorts {
  readonly clock: Pick<Clock, 'monotonic' | 'after'>
  readonly log: Pick<Log, 'error'>
  /** Requests that may wait (budget `stateRequests`), and a call for each that finds no place. */
  readonly places: { readonly capacity: number; readonly refuse: () => void }
}

/** Batches in flight: one runs, one is queued. More would be smaller, and each wakes the thread. */
const BATCHES_IN_FLIGHT = 2
/** A batch takes milliseconds, and a second behind a command that writes. SMTP clients wait for minutes. */
export const DEADLINE_MS = 10_000
/** A thread that dies at each start must not take the processor. */
export const RESTART_MS = 1000
/** MiB for short-lived objects: nearly all are garbage after their batch. */
const YOUNG_MEMORY_MB = 4

interface Waiter {
  readonly request: StateRequest
  readonly settle: (outcome: StateOutcome) => void
}

interface Running {
  readonly worker: Worker
  readonly inFlight: Map<number, { readonly waiters: readonly Waiter[]; readonly deadline: Timer }>
  readonly ended: Promise<void>
  isEnding: boolean
}

interface Registered {
  readonly spec: StateSpec
  readonly setAside: (file: SetAside) => void
  isOpened: boolean
}

export function createStateThread(ports: StateThreadPorts): StateThread {
  return new Thread(ports)
}

class Thread implements StateThread {
  readonly #ports: StateThreadPorts
  readonly #files = new Map<number, Registered>()
  #waiting: Waiter[] = []
  #running: Running | null = null
  #startedAt = Number.NEGATIVE_INFINITY
  #isScheduled = false
  #isClosed = false
  #last = 0
  #cause = 'the state thread has ended'

  constructor(ports: StateThreadPorts) {
    this.#ports = ports
  }

  get waiting(): number {
    return this.#waiting.length
  }

  add(spec: StateSpec, setAside: (file: SetAside) => void): number {
    const file = ++this.#last
    this.#files.set(file, { spec, setAside, isOpened: false })
    return file
  }

  async ask(file: number, operation: string, args: readonly unknown[]): Promise<StateOutcome> {
    const known = this.#files.get(file)
    if (!known) return failed('the file is closed')
    if (!known.isOpened) {
      known.isOpened = true
      void this.#ask({ kind: 'open', file, spec: known.spec })
    }
    return this.#ask({ kind: 'run', file, operation, args })
  }

  async remove(file: number): Promise<void> {
    const known = this.#files.get(file)
    if (!known) return
    this.#files.delete(file)
    if (known.isOpened && this.#running) await this.#ask({ kind: 'close', file })
  }

  async close(): Promise<void> {
    this.#isClosed = true
    const running = this.#running
    if (!running) return
    this.#flush(running)
    running.worker.postMessage({ kind: 'end' } satisfies ToStateThread)
    const { promise: tooLate, resolve } = Promise.withResolvers<void>()
    const deadline = this.#ports.clock.after(DEADLINE_MS, () => resolve())
    await Promise.race([running.ended, tooLate])
    deadline.cancel()
    // A disk that stands still must not keep the process.
    running.worker.unref()
  }

  #ask(request: StateRequest): Promise<StateOutcome> {
    const running = this.#started()
    if (!running || running.isEnding) return Promise.resolve(failed(this.#cause))
    if (request.kind === 'run' && this.#waiting.length >= this.#ports.places.capacity) {
      this.#ports.places.refuse()
      return Promise.resolve(failed('too many requests wait for the state'))
    }
    return new Promise((settle) => {
      this.#waiting.push({ request, settle })
      this.#schedule(running)
    })
  }

  #started(): Running | null {
    if (this.#running || this.#isClosed) return this.#running
    const now = this.#ports.clock.monotonic()
    if (now - this.#startedAt < RESTART_MS) return null
    this.#startedAt = now
    try {
      this.#running = this.#start()
      // Their files are opened first.
      this.#waiting = [...this.#files].flatMap(([file, { spec, isOpened }]) =>
        isOpened ? [{ request: { kind: 'open', file, spec }, settle: () => undefined } as const] : [],
      )
    } catch (error) {
      this.#lost(`the state thread cannot be started: ${errorText(error)}`)
    }
    return this.#running
  }

  #start(): Running {
    const worker = startThread(new URL('./state-worker.ts', import.meta.url), {
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MEMORY_MB },
    })
    releaseTogether(worker)
    const { promise: ended, resolve } = Promise.withResolvers<void>()
    const running: Running = { worker, inFlight: new Map(), ended, isEnding: false }
    let cause = 'the state thread has ended'
    worker.on('message', (answers: FromStateThread) => this.#hear(running, answers))
    worker.on('error', (error) => (cause = `the state thread failed: ${errorText(error)}`))
    worker.on('exit', () => {
      this.#running = null
      // One that was ended has said why.
      if (this.#isClosed || running.isEnding) this.#settleAll(running, this.#cause)
      else this.#lost(cause, running)
      resolve()
    })
    return running
  }

  #schedule(running: Running): void {
    if (this.#isScheduled || this.#waiting.length === 0 || running.inFlight.size >= BATCHES_IN_FLIGHT) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      // In the meantime another thread may have taken its place.
      if (this.#running) this.#flush(this.#running)
    })
  }

  #flush(running: Running): void {
    if (this.#waiting.length === 0) return
    const waiters = this.#waiting
    this.#waiting = []
    const id = ++this.#last
    const deadline = this.#ports.clock.after(DEADLINE_MS, () => this.#giveUp(running))
    running.inFlight.set(id, { waiters, deadline })
    const requests = waiters.map(({ request }) => request)
    running.worker.postMessage({ kind: 'batch', id, requests } satisfies ToStateThread)
  }

  #hear(running: Running, { id, values, failures, setAside }: FromStateThread): void {
    const batch = running.inFlight.get(id)
    running.inFlight.delete(id)
    for (const [file, aside] of setAside) this.#files.get(file)?.setAside(aside)
    if (!batch) return
    batch.deadline.cancel()
    const causes = new Map(failures)
    for (const [place, { settle }] of batch.waiters.entries()) {
      const cause = causes.get(place)
      settle(cause === undefined ? { kind: 'done', value: values[place] } : failed(cause))
    }
    this.#schedule(running)
  }

  /** A disk that stands still holds the thread; it ends when its call to the system does. Until then no other one starts. */
  #giveUp(running: Running): void {
    if (running.isEnding) return
    running.isEnding = true
    this.#lost(`the state thread does not answer in ${DEADLINE_MS / 1000} seconds`, running)
    void running.worker.terminate()
  }

  #lost(cause: string, running?: Running): void {
    this.#cause = cause
    this.#ports.log.error({ cause }, 'the state of accounts, bans and greylist cannot be used for now')
    this.#settleAll(running, cause)
  }

  #settleAll(running: Running | undefined, cause: string): void {
    const batches = [...(running?.inFlight.values() ?? [])]
    running?.inFlight.clear()
    for (const { deadline } of batches) deadline.cancel()
    const lost = [...batches.flatMap(({ waiters }) => waiters), ...this.#waiting]
    this.#waiting = []
    for (const { settle } of lost) settle(failed(cause))
  }
}

function failed(cause: string): StateOutcome {
  return { kind: 'failed', cause }
}
