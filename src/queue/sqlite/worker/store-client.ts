// The main thread's side of the store worker. Operations of one turn of the event loop, or of the time of a commit, go to the worker in one
// message; their octets are in memory that both threads share.

import type { Worker } from 'node:worker_threads'
import { startThread } from '../../../lib/program-files.ts'
import { releaseTogether } from '../../../lib/release-memory.ts'
import { OctetPool, type BorrowedOctets } from './octet-pool.ts'
import { OctetCollector } from './octet-collector.ts'
import type {
  OperationResults,
  Batch,
  Failure,
  Operation,
  CommitNews,
  WorkerReport,
  WorkerSettings,
} from './worker-protocol.ts'
import { QueueUnavailable } from '../../contract/queue-unavailable.ts'

/** Batches in flight: one is committing, one is queued. */
const BATCHES_IN_FLIGHT = 2

/** Memory for short-lived objects of the worker, MiB: nearly all of them are garbage after their batch. */
const YOUNG_MEMORY_MB = 8

/** A batch in flight. */
interface BatchInFlight {
  readonly waiters: readonly Waiter[]
  readonly lent: BorrowedOctets | null
}

interface Waiter {
  readonly resolve: (answered: { readonly value: never; readonly octets: Uint8Array }) => void
  readonly reject: (error: Error) => void
}

type Ready = WorkerReport & { kind: 'ready' }

const NO_OCTETS = new Uint8Array(0)

export interface CommitListener {
  /** A commit changed something; called before its operations are answered. */
  committed(news: Omit<CommitNews, 'octets'>): void
  /** The worker ended; no operation can succeed any more. */
  failed(cause: string): void
}

export class StoreClient {
  readonly #worker: Worker
  readonly #listener: CommitListener
  readonly #inFlight = new Map<number, BatchInFlight>()
  readonly #memory = new OctetPool()
  readonly #collector = new OctetCollector()
  #operations: Operation[] = []
  #waiters: Waiter[] = []
  #scheduled = false
  #lastBatch = 0
  #gone: QueueUnavailable | null = null
  #closed: (() => void) | null = null

  private constructor(worker: Worker, listener: CommitListener) {
    this.#worker = worker
    this.#listener = listener
    worker.on('message', (report: WorkerReport) => this.#hear(report))
    worker.on('error', (error) => this.#lose(`the queue's worker failed: ${String(error)}`))
    worker.on('exit', () => this.#lose('the queue is closed'))
  }

  /** Starts the worker and opens the database. Rejects with QueueUnavailable. */
  static async start(
    settings: WorkerSettings,
    listener: CommitListener,
  ): Promise<Omit<Ready, 'kind'> & { readonly client: StoreClient }> {
    const worker = startThread(new URL('./store-worker.ts', import.meta.url), {
      workerData: settings,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MEMORY_MB },
    })
    releaseTogether(worker)
    const ready = await new Promise<Ready>((resolve, reject) => {
      worker.once('error', reject)
      worker.once('message', (report: WorkerReport) => {
        if (report.kind === 'ready') resolve(report)
        else if (report.kind !== 'refused') reject(new Error(`unexpected ${report.kind}`))
        else reject(report.cause ? new QueueUnavailable(report.cause, report.message) : new Error(report.message))
      })
    })
    worker.removeAllListeners('error')
    return { ...ready, client: new StoreClient(worker, listener) }
  }

  /** Position of the next octets of `run` in their batch. */
  get octetsStart(): number {
    return this.#collector.length
  }

  /** Runs one operation. Resolves after the commit; all results of a commit share the octets. Rejects with QueueUnavailable. */
  run<K extends Operation['kind']>(
    operation: Operation & { kind: K },
    octets: readonly Uint8Array[] = [],
  ): Promise<{ readonly value: OperationResults[K]; readonly octets: Uint8Array }> {
    if (this.#gone) return Promise.reject(this.#gone)
    for (const part of octets) this.#collector.add(part)
    return new Promise((resolve, reject) => {
      this.#operations.push(operation)
      this.#waiters.push({ resolve: resolve as Waiter['resolve'], reject })
      this.#schedule()
    })
  }

  /** Runs pending operations, closes the database and ends the worker. */
  async close(): Promise<void> {
    if (this.#gone) return
    this.#flush()
    await new Promise<void>((resolve) => {
      this.#closed = resolve
      this.#worker.postMessage({ kind: 'close' })
    })
    this.#lose('the queue is closed')
  }

  #schedule(): void {
    if (this.#scheduled || this.#operations.length === 0 || this.#inFlight.size >= BATCHES_IN_FLIGHT) return
    this.#scheduled = true
    setImmediate(() => this.#flush())
  }

  #flush(): void {
    this.#scheduled = false
    if (this.#operations.length === 0 || this.#gone) return
    const lent = this.#collector.length > 0 ? this.#memory.borrow(this.#collector.length) : null
    if (lent) this.#collector.moveTo(lent.octets)
    const id = ++this.#lastBatch
    const batch: Batch = { kind: 'batch', id, operations: this.#operations, octets: lent?.octets ?? null }
    this.#inFlight.set(id, { waiters: this.#waiters, lent })
    this.#operations = []
    this.#waiters = []
    this.#worker.postMessage(batch)
  }

  #hear(report: WorkerReport): void {
    if (report.kind === 'closed') this.#closed?.()
    if (report.kind !== 'news') return
    this.#listener.committed(report)
    const octets = report.octets ?? NO_OCTETS
    for (const { id, values, failures } of report.batches) {
      const { waiters = [], lent = null } = this.#inFlight.get(id) ?? {}
      this.#inFlight.delete(id)
      lent?.giveBack()
      for (const [place, failure] of failures) waiters[place]?.reject(errorOf(failure))
      for (const [place, waiter] of waiters.entries()) waiter.resolve({ value: values[place] as never, octets })
    }
    this.#schedule()
  }

  #lose(cause: string): void {
    if (this.#gone) return
    this.#gone = new QueueUnavailable(this.#closed ? 'closed' : 'failing', cause)
    const waiters = [...[...this.#inFlight.values()].flatMap((one) => one.waiters), ...this.#waiters]
    this.#inFlight.clear()
    this.#waiters = []
    this.#operations = []
    for (const waiter of waiters) waiter.reject(this.#gone)
    this.#closed?.()
    this.#listener.failed(cause)
  }
}

function errorOf(failure: Failure): Error {
  if (failure.kind === 'unavailable') return new QueueUnavailable(failure.cause, failure.message)
  return new Error(`queue operation failed: ${failure.message}`)
}
