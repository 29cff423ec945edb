// The synchronous engine: runs operations on the database, many in one transaction. It is in the store worker of a node, or in the process of
// a command. It reads no clock and sends nothing.

import type { Database, Statement } from 'better-sqlite3'
import { BUSY_TIMEOUT_MS, openOwned, openShared } from '../database/database.ts'
import { lockAsOwner } from '../database/process-locks.ts'
import { FullDisk } from './full-disk.ts'
import { DestinationTotals } from './destination-totals.ts'
import { OctetCollector } from '../worker/octet-collector.ts'
import type {
  OperationResults,
  OperationOutcomes,
  Failure,
  Operation,
  OperationKind,
} from '../worker/worker-protocol.ts'
import { indexLedger, SEGMENT_ROWS } from './operations/write-ledger.ts'
import { recover } from './operations/recover.ts'
import { runOperation } from './operations/run-operation.ts'
import type { DestinationSummary } from '../../contract/queue.ts'
import type { RetrySettings } from '../../scheduling/retry-schedule.ts'
import { selectLastMessageId } from './statements/message-rows.ts'
import { prepareStatements } from './statements.ts'
import type { StoreContext } from './store-context.ts'
import { asUnavailable, type QueueUnavailable, type StorageFailure } from '../../contract/queue-unavailable.ts'

export interface StoreSettings {
  readonly directory: string
  readonly retry: RetrySettings
  /** Numbers in [0, 1), for jitter. */
  readonly random: () => number
  /** The node: locks the queue as its owner and recovers claims after a crash. False: a second process beside the node. */
  readonly owner: boolean
  /** Free octets below which the node takes no new mail; without it nothing is kept for a full disk. */
  readonly reserveBytes?: number
  /** Unix ms, for the ledger entries of the recovery. */
  readonly now: number
}

export interface Job {
  readonly operation: Operation
  /** The octets that came with its batch. */
  readonly octets: Uint8Array
}

export interface StoreChanges {
  readonly changed: DestinationSummary[]
  readonly freed: string[]
  /** Ledger entries, JSON arrays of events. */
  readonly ledger: string[]
}

interface Result extends OperationOutcomes {
  readonly values: (OperationResults[OperationKind] | undefined)[]
  readonly failures: [place: number, failure: Failure][]
}

/** How the transaction of a group of jobs ended. */
type GroupEnd = { kind: 'done' } | { kind: 'unavailable'; error: QueueUnavailable } | { kind: 'wrong'; error: unknown }

/**
 * Ids that a second process skips: the owner may have used some of them since. An id must not be used again while an attempt may still
 * settle it.
 */
const FOREIGN_STRIDE = 10_000
/** Ledger rows of another process read at once. */
const FOREIGN_ROWS = 1_000

export class Store {
  /** Recipients whose attempt a crash interrupted. */
  readonly recovered: number
  readonly database: Database
  readonly #lock: Database | null
  readonly #context: StoreContext
  readonly #collector = new OctetCollector()
  readonly #begin: Statement
  readonly #commit: Statement
  readonly #dataVersion: Statement
  readonly #owner: boolean
  readonly #fullDisk: FullDisk | null
  #seenVersion: unknown
  #lastMessage: number
  /** The last ledger row that was published or written here. */
  #lastLedger: number
  #changed: DestinationSummary[] = []
  #freed: string[] = []
  /** Ledger entries of the running transaction, and committed ones; without those that the main thread publishes itself. */
  #entries: string[] = []
  #ledger: string[] = []
  /** The running transaction wrote to the ledger. */
  #wroteLedger = false
  #failing: StorageFailure | null = null
  /** The write-ahead log may hold personal data that was removed. */
  #cutsLog = false

  /** Opens (creates, migrates) the queue. Throws QueueUnavailable. */
  constructor(settings: StoreSettings) {
    this.#owner = settings.owner
    this.#fullDisk =
      settings.reserveBytes === undefined ? null : new FullDisk(settings.directory, settings.reserveBytes)
    this.#lock = settings.owner ? lockAsOwner(settings.directory) : null
    try {
      this.database = settings.owner ? openOwned(settings.directory) : openShared(settings.directory)
    } catch (error) {
      this.#lock?.close()
      throw error
    }
    const sql = prepareStatements(this.database)
    this.#lastMessage = selectLastMessageId(this.database)
    this.#context = this.#newContext(settings, sql)
    this.#begin = this.database.prepare('BEGIN IMMEDIATE')
    this.#commit = this.database.prepare('COMMIT')
    this.#dataVersion = this.database.prepare('PRAGMA data_version').pluck()
    this.#seenVersion = this.#dataVersion.get()
    this.#lastLedger = sql.selectLastLedgerId()
    this.recovered = settings.owner ? this.#recover(settings.now) : 0
  }

  /** Why the last transaction could not be written, or null if it could. */
  get failing(): StorageFailure | null {
    return this.#failing
  }

  /** Destinations with recipients that may be attempted. */
  get destinations(): DestinationSummary[] {
    return this.#context.totals.summaries()
  }

  /** Recipients waiting for an attempt. */
  get waiting(): number {
    return this.#context.totals.waiting
  }

  /** Runs all jobs in one transaction (one fsync). Each gets a result or a failure; one bad job does not fail the others. */
  run(jobs: readonly Job[]): OperationOutcomes {
    const result: Result = { values: [], failures: [] }
    const all = jobs.map((_, place) => place)
    const end = this.#runGroup(jobs, all, result)
    if (end.kind === 'wrong') for (const one of all) this.#runAlone(jobs, [one], result)
    else if (end.kind === 'unavailable') {
      const facts = all.filter((place) => isFact(jobs[place]))
      const news = all.filter((place) => !isFact(jobs[place]))
      if (facts.length > 0) this.#runFacts(jobs, facts, result)
      if (news.length > 0 && facts.length > 0) this.#runAlone(jobs, news, result)
      else if (news.length > 0) fail(news, end, result)
    }
    return result
  }

  /** Octets that the answers since the last call point into. */
  takeOctets(): Uint8Array<ArrayBuffer> | null {
    return this.#collector.take()
  }

  /** What the commits since the last call changed. */
  takeChanges(): StoreChanges {
    const changes = { changed: this.#changed, freed: this.#freed, ledger: this.#ledger }
    this.#changed = []
    this.#freed = []
    this.#ledger = []
    return changes
  }

  /** Background work: changes of another process, the ledger's index and, if `idle`, the checkpoint. */
  housekeep(idle: boolean): void {
    try {
      this.#noticeForeignChanges()
      if (this.unindexed >= SEGMENT_ROWS) this.#transaction(() => indexLedger(this.#context))
      if (idle) this.#checkpoint()
      this.#fullDisk?.keep()
    } catch (error) {
      if (this.database.inTransaction) this.database.exec('ROLLBACK')
      const unavailable = asUnavailable(error)
      if (!unavailable) throw error
      this.#failing = { cause: unavailable.cause, message: unavailable.message }
    }
  }

  /** After personal data was removed the log must not keep it: it is cut off when no reader needs it. */
  #checkpoint(): void {
    if (!this.#cutsLog) return void this.database.pragma('wal_checkpoint(PASSIVE)')
    // A reader of another process must not hold up the node.
    this.database.pragma('busy_timeout = 0')
    try {
      const [{ busy }] = this.database.pragma('wal_checkpoint(TRUNCATE)') as [{ busy: number }]
      this.#cutsLog = busy !== 0
    } finally {
      this.database.pragma(`busy_timeout = ${BUSY_TIMEOUT_MS}`)
    }
  }

  /** Ledger rows that are not indexed yet. */
  get unindexed(): number {
    return this.#context.sql.selectLastLedgerId() - this.#context.sql.selectMeta('indexed_to')
  }

  close(): void {
    this.database.close()
    this.#lock?.close()
  }

  /** Its changes are part of the state at open, so they are not published. */
  #recover(now: number): number {
    const recovered = this.#transaction(() => recover(this.#context, this.database, now))
    this.takeChanges()
    return recovered
  }

  /** Records what has happened already, also on a full disk: a lost result would mean a second delivery. */
  #runFacts(jobs: readonly Job[], facts: readonly number[], result: Result): void {
    let end = this.#runGroup(jobs, facts, result)
    if (this.#fullDisk && end.kind === 'unavailable' && end.error.cause === 'full') {
      this.#fullDisk.makeSpace(this.database)
      end = this.#runGroup(jobs, facts, result)
    }
    if (end.kind !== 'done') fail(facts, end, result)
  }

  #runAlone(jobs: readonly Job[], group: readonly number[], result: Result): void {
    const end = this.#runGroup(jobs, group, result)
    if (end.kind !== 'done') fail(group, end, result)
  }

  #runGroup(jobs: readonly Job[], group: readonly number[], result: Result): GroupEnd {
    const context = this.#context
    const mark = this.#collector.length
    try {
      this.#transaction(() => {
        for (const place of group) {
          const job = jobs[place] as Job
          context.octets = job.octets
          result.values[place] = runOperation(context, job.operation, this.database)
          if (removing.has(job.operation.kind)) this.#cutsLog = true
        }
      })
      return { kind: 'done' }
    } catch (error) {
      if (this.database.inTransaction) this.database.exec('ROLLBACK')
      this.#collector.cutTo(mark)
      context.totals.rollback()
      context.freedFiles.length = 0
      this.#entries.length = 0
      this.#wroteLedger = false
      const unavailable = asUnavailable(error)
      if (!unavailable) return { kind: 'wrong', error }
      this.#failing = { cause: unavailable.cause, message: unavailable.message }
      return { kind: 'unavailable', error: unavailable }
    }
  }

  #transaction<T>(work: () => T): T {
    this.#begin.run()
    this.#noticeForeignChanges()
    const result = work()
    const context = this.#context
    const lastLedger = this.#wroteLedger ? context.sql.selectLastLedgerId() : this.#lastLedger
    this.#commit.run()
    this.#lastLedger = lastLedger
    this.#failing = null
    for (const summary of context.totals.commit()) this.#changed.push(summary)
    for (const file of context.freedFiles) this.#freed.push(file)
    context.freedFiles.length = 0
    for (const entry of this.#entries) this.#ledger.push(entry)
    this.#entries.length = 0
    this.#wroteLedger = false
    return result
  }

  /** Another process wrote: read totals, ids and the ledger again. */
  #noticeForeignChanges(): void {
    const version = this.#dataVersion.get()
    if (version === this.#seenVersion) return
    this.#lastMessage = Math.max(this.#lastMessage, selectLastMessageId(this.database))
    for (const summary of this.#context.totals.reload()) this.#changed.push(summary)
    if (this.#owner) this.#readForeignLedger()
    this.#seenVersion = version
  }

  /** Events of another process are published like those of the node, for log and metrics. */
  #readForeignLedger(): void {
    for (;;) {
      const rows = this.#context.sql.selectLedgerAfter(this.#lastLedger, FOREIGN_ROWS)
      for (const { events } of rows) this.#ledger.push(events)
      this.#lastLedger = rows.at(-1)?.id ?? this.#lastLedger
      if (rows.length < FOREIGN_ROWS) return
    }
  }

  #newContext(settings: StoreSettings, sql: StoreContext['sql']): StoreContext {
    const insertPublishedLedger: StoreContext['insertPublishedLedger'] = (at, queueId, events) => {
      sql.insertLedger(at, queueId, events)
      this.#wroteLedger = true
    }
    const insertLedger: StoreContext['sql']['insertLedger'] = (at, queueId, events) => {
      insertPublishedLedger(at, queueId, events)
      this.#entries.push(events)
    }
    return {
      sql: { ...sql, insertLedger },
      retry: settings.retry,
      random: settings.random,
      totals: new DestinationTotals(sql),
      lastServedFlow: new Map(),
      freedFiles: [],
      insertPublishedLedger,
      newMessageId: () => (this.#lastMessage += this.#owner ? 1 : FOREIGN_STRIDE),
      octets: new Uint8Array(0),
      addReplyOctets: (octets) => this.#collector.add(octets),
    }
  }
}

/** Operations that finish what was accepted. All others add something, or can be repeated later. */
const factKinds: ReadonlySet<OperationKind> = new Set(['settle', 'release', 'claim', 'control', 'expire', 'lost'])

/** Operations that remove personal data. */
const removing: ReadonlySet<OperationKind> = new Set(['purge', 'forget', 'erase', 'overwrite'])

function isFact(job: Job | undefined): boolean {
  return job !== undefined && factKinds.has(job.operation.kind)
}

function fail(group: readonly number[], end: Exclude<GroupEnd, { kind: 'done' }>, result: Result): void {
  const failure: Failure =
    end.kind === 'unavailable'
      ? { kind: 'unavailable', cause: end.error.cause, message: end.error.message }
      : {
          kind: 'wrong',
          message: end.error instanceof Error ? (end.error.stack ?? end.error.message) : String(end.error),
        }
  for (const place of group) {
    result.values[place] = undefined
    result.failures.push([place, failure])
  }
}
