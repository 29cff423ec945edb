// The worker thread that owns the database. It runs all waiting operations in one transaction (group commit), so more load means fewer fsyncs
// per message, and checkpoints when idle.

import { systemClock } from '../../../lib/clock.ts'
import { collectGarbage } from '../../../lib/release-memory.ts'
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import type { Batch, WorkerReport, WorkerRequest, WorkerSettings } from './worker-protocol.ts'
import { selectSpoolFiles } from '../store/statements/message-rows.ts'
import { type Job, Store } from '../store/store.ts'
import { asUnavailable } from '../../contract/queue-unavailable.ts'

/** Interval of the background work, ms. */
const TICK_MS = 250
/** Idle time before a checkpoint, ms. */
const IDLE_MS = 400
/** Batches between two runs of the background work under load. */
const BATCHES_PER_HOUSEKEEPING = 16
const NO_OCTETS = new Uint8Array(0)

const port = parentPort
if (!port) throw new Error('store-worker.ts runs in a worker thread only')
const report = (news: WorkerReport, transfer: ArrayBuffer[] = []) => port.postMessage(news, transfer)

const store = openStore(workerData as WorkerSettings)
if (store) serve(store)

function openStore(settings: WorkerSettings): Store | null {
  try {
    const opened = new Store({ ...settings, random: Math.random, owner: true })
    const spool = selectSpoolFiles(opened.database)
    const { recovered, waiting, destinations } = opened
    report({ kind: 'ready', recovered, waiting, destinations, spool })
    return opened
  } catch (error) {
    const unavailable = asUnavailable(error)
    const message = unavailable ? unavailable.message : String((error as Error).stack ?? error)
    report({ kind: 'refused', cause: unavailable?.cause ?? null, message })
    port?.close()
    return null
  }
}

function serve(open: Store): void {
  let lastWork = systemClock.monotonic()
  let sinceHousekeeping = 0
  let checkpointed = false
  const tick = systemClock.every(TICK_MS, () => {
    const idle = !checkpointed && systemClock.monotonic() - lastWork > IDLE_MS
    open.housekeep(idle)
    checkpointed ||= idle
    reportChanges(open)
  })
  port?.on('message', (first: WorkerRequest) => {
    const requests = [first]
    for (let more = receiveMessageOnPort(port); more; more = receiveMessageOnPort(port))
      requests.push(more.message as WorkerRequest)
    const batches = requests.filter((request) => request.kind === 'batch')
    if (batches.length > 0) runBatches(open, batches)
    if (requests.some(({ kind }) => kind === 'release-memory')) collectGarbage()
    lastWork = systemClock.monotonic()
    checkpointed = false
    if (++sinceHousekeeping >= BATCHES_PER_HOUSEKEEPING) {
      sinceHousekeeping = 0
      open.housekeep(false)
    }
    if (!requests.some(({ kind }) => kind === 'close')) return
    tick.cancel()
    open.close()
    report({ kind: 'closed' })
    port.close()
  })
}

function runBatches(open: Store, batches: readonly Batch[]): void {
  const jobs: Job[] = []
  for (const batch of batches)
    for (const operation of batch.operations) jobs.push({ operation, octets: batch.octets ?? NO_OCTETS })
  const { values, failures } = open.run(jobs)
  let start = 0
  const answered = batches.map(({ id, operations }) => {
    const end = start + operations.length
    const own = failures.filter(([place]) => place >= start && place < end)
    const outcomes = {
      id,
      values: values.slice(start, end),
      failures: own.map(([place, failure]) => [place - start, failure] as const),
    }
    start = end
    return outcomes
  })
  const octets = open.takeOctets()
  report(
    { kind: 'news', batches: answered, octets, ...open.takeChanges(), waiting: open.waiting, failing: open.failing },
    octets ? [octets.buffer] : [],
  )
}

function reportChanges(open: Store): void {
  const changes = open.takeChanges()
  if (changes.changed.length + changes.freed.length + changes.ledger.length === 0) return
  report({ kind: 'news', batches: [], octets: null, ...changes, waiting: open.waiting, failing: open.failing })
}
