// The queue of a node over the store worker and the spool. It turns calls of the contract into operations of the worker and decides nothing
// about mail.

import type { ForgottenPart } from '../../privacy/forget-events.ts'
import type { Readable } from 'node:stream'
import { contentParts, contentSize, inlineStream } from '../contract/stored-body.ts'
import type { Holder } from '../../budget/pool.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Event } from '../../observe/events.ts'
import { noticeNumber } from '../contract/notify-bits.ts'
import type { OpenQueue, OpenReport } from '../contract/opened-queue.ts'
import type { ControlRequest, ControlResult, DestinationRequest } from '../contract/queue-control.ts'
import type { QueueSettings } from '../contract/queue-settings.ts'
import type { TransferAnswer, TransferRequest } from '../contract/queue-transfer.ts'
import { QueueUnavailable } from '../contract/queue-unavailable.ts'
import type {
  Claim,
  DestinationBacklog,
  DestinationSummary,
  NewMessage,
  NoticeTask,
  QueueHealth,
  Settlement,
  SharedBody,
  SpoolFile,
  StoredBody,
} from '../contract/queue.ts'
import type { Backlog } from '../scheduling/destination-backlog.ts'
import type { TransferStep, TransferStepAnswers } from '../transfer/transfer-step.ts'
import { encodeTransfer } from '../transfer/transferred-message.ts'
import { claimsOf } from './claimed-at-accept.ts'
import { LifetimeSweeps } from './lifetime-sweeps.ts'
import type { Spool } from './spool/spool.ts'
import { SqliteQueueControl } from './sqlite-queue-control.ts'
import { type ReaderPorts, SqliteQueueReader } from './sqlite-queue-reader.ts'
import { type FreeSpace, StorageHealth } from './storage-health.ts'
import type { CommitListener, StoreClient } from './worker/store-client.ts'
import { decodeClaim, decodeNotice, encodeEvents, encodeMessage, encodeOutcome } from './worker/worker-codec.ts'
import type { Accepted, CommitNews, Operation, OperationResults } from './worker/worker-protocol.ts'

/** Time between two tries to write a settlement or release that the disk refused, ms. */
const FACT_RETRY_MS = 1_000

export interface SqliteQueueParts {
  readonly client: StoreClient
  readonly spool: Spool
  readonly backlog: Backlog
  readonly clock: Clock
  readonly waiting: number
  readonly settings: QueueSettings
  readonly opened: OpenReport
  readonly freeSpace: (directory: string) => Promise<FreeSpace>
}

export class SqliteQueue implements OpenQueue, CommitListener {
  readonly opened: OpenReport
  readonly reader: SqliteQueueReader
  readonly #client: StoreClient
  readonly #spool: Spool
  readonly #clock: Clock
  readonly #health: StorageHealth
  readonly #backlog: Backlog
  readonly #control: SqliteQueueControl
  readonly #sweeps: LifetimeSweeps
  readonly #fatalListeners: ((cause: string) => void)[] = []
  readonly #subscribers: ((events: readonly Event[]) => void)[] = []
  #closing = false

  constructor(parts: SqliteQueueParts) {
    const { client, clock, settings } = parts
    this.opened = parts.opened
    this.#client = client
    this.#spool = parts.spool
    this.#clock = clock
    this.#backlog = parts.backlog
    this.#health = new StorageHealth(parts)
    this.#sweeps = new LifetimeSweeps({ client, clock, retry: settings.retry })
    this.#control = new SqliteQueueControl({
      clock,
      run: async (step) => (await client.run({ kind: 'control', step })).value,
    })
    this.reader = new SqliteQueueReader({
      run: (async (step) => (await client.run({ kind: 'read', step })).value) as ReaderPorts['run'],
      openBody: (body) => this.openBody(body),
      now: () => clock.now(),
    })
  }

  async accept(message: NewMessage, options: { readonly claim: boolean }): Promise<Claim[]> {
    const encoded = encodeMessage(message, this.#client.octetsStart)
    const { value } = await this.#client.run(
      { kind: 'accept', message: encoded, claim: options.claim, now: this.#clock.now() },
      contentParts(message),
    )
    this.#publish(message.events)
    return acceptedClaims(message, value, options)
  }

  async acceptAll(messages: readonly NewMessage[], options: { readonly claim: boolean }): Promise<Claim[]> {
    const encoded = this.#encodeAll(messages).map((message, place) => ({
      message,
      returned: messages[place]?.returned ?? null,
      held: messages[place]?.held ?? null,
    }))
    const { value } = await this.#client.run(
      { kind: 'accept-all', messages: encoded, claim: options.claim, now: this.#clock.now() },
      messages.flatMap(contentParts),
    )
    for (const { returned, held, events } of messages) if (!returned && !held) this.#publish(events)
    return messages.flatMap((message, place) => acceptedClaims(message, value[place] as Accepted, options))
  }

  async shareBody(body: StoredBody): Promise<SharedBody> {
    if (body.kind === 'inline') return { body, discard: async () => {} }
    const file = await this.#spool.link(body.file)
    return { body: { ...body, file }, discard: () => this.#spool.remove(file) }
  }

  async claim(request: { readonly nextHop: string; readonly limit: number; readonly now: number }): Promise<Claim[]> {
    const { value, octets } = await this.#client.run({ kind: 'claim', ...request })
    return value.map((claim) => decodeClaim(claim, request.nextHop, octets))
  }

  async settle(settlement: Settlement): Promise<{ readonly noticesDue: boolean }> {
    const { queueId, message: facts } = settlement
    const message = facts ? ([facts.sender, facts.arrivedAt, facts.size] as const) : null
    const outcomes = settlement.outcomes.map(encodeOutcome)
    return {
      noticesDue:
        (await this.#runFact({ kind: 'settle', queueId, message, outcomes, now: this.#clock.now() })) === true,
    }
  }

  async release(claims: readonly Claim[]): Promise<void> {
    const recipients = claims.flatMap((claim) => claim.recipients.map((recipient) => recipient.recipientId))
    if (recipients.length > 0) await this.#runFact({ kind: 'release', recipients, now: this.#clock.now() })
  }

  backlog(nextHop: string): DestinationBacklog {
    return this.#backlog.of(nextHop)
  }

  destinations(): DestinationSummary[] {
    return this.#backlog.destinations()
  }

  watch(listener: (nextHops: readonly string[]) => void): () => void {
    return this.#backlog.watch(listener)
  }

  async noticeTasks(request: {
    readonly limit: number
    readonly now: number
    readonly after?: number
  }): Promise<NoticeTask[]> {
    const { limit, now, after = -1 } = request
    const { value, octets } = await this.#client.run({ kind: 'notices', limit, after, now })
    return value.map((notice) => decodeNotice(notice, octets))
  }

  async notify(done: {
    readonly task: NoticeTask
    readonly dsn: NewMessage | null
    readonly copies?: readonly NewMessage[]
    readonly events: readonly Event[]
  }): Promise<void> {
    const { task, dsn, copies = [] } = done
    const reports = dsn ? [dsn, ...copies] : copies
    const events = [...done.events, ...reports.flatMap((report) => report.events)]
    await this.#client.run(
      {
        kind: 'notify',
        recipients: task.recipients.map((recipient) => recipient.recipientId),
        notice: noticeNumber[task.notice],
        reports: this.#encodeAll(reports.map((report) => ({ ...report, events: [] }))),
        events: encodeEvents(events),
        now: this.#clock.now(),
      },
      reports.flatMap(contentParts),
    )
  }

  async record(events: readonly Event[]): Promise<void> {
    if (events.length > 0) await this.#client.run({ kind: 'record', events: encodeEvents(events) })
  }

  async purge(before: number): Promise<number> {
    let removed = 0
    for (let after: number | null = 0; after !== null; ) {
      const { value }: { value: OperationResults['purge'] } = await this.#client.run({ kind: 'purge', before, after })
      removed += value.removed
      after = value.next
    }
    return removed
  }

  async forget(part: ForgottenPart, before: number): Promise<number> {
    let changed = 0
    for (let more = true; more; ) {
      const now = this.#clock.now()
      const { value }: { value: OperationResults['forget'] } = await this.#client.run({
        kind: 'forget',
        part,
        before,
        now,
      })
      changed += value.changed
      more = value.more
    }
    return changed
  }

  async overwriteUnused(): Promise<void> {
    for (let stage: OperationResults['overwrite'] | 'begin' = 'begin'; stage !== null; ) {
      const { value }: { value: OperationResults['overwrite'] } = await this.#client.run({ kind: 'overwrite', stage })
      stage = value
    }
  }

  async expireOverdue(): Promise<number> {
    return (await this.#sweeps.endHolds()) + (await this.#sweeps.expireOverdue())
  }

  findDelayed(): Promise<number> {
    return this.#sweeps.findDelayed()
  }

  createSpoolFile(holder?: Holder): Promise<SpoolFile> {
    return this.#spool.create(holder)
  }

  openBody(body: StoredBody): Readable {
    if (body.kind === 'spool') return this.#spool.read(body.file, body.size)
    return inlineStream(body.bytes)
  }

  health(): Promise<QueueHealth> {
    return this.#health.check()
  }

  control(request: ControlRequest): Promise<ControlResult> {
    return this.#control.control(request)
  }

  suspend(request: DestinationRequest): Promise<boolean> {
    return this.#control.suspend(request)
  }

  resume(request: DestinationRequest): Promise<boolean> {
    return this.#control.resume(request)
  }

  async identity(): Promise<string> {
    return this.#transferStep({ kind: 'identity' })
  }

  async acceptTransfer({ token, from, message }: TransferRequest): Promise<TransferAnswer> {
    const encoded = encodeTransfer(message, this.#client.octetsStart)
    return this.#transferStep({ kind: 'accept', token, from, message: encoded }, contentParts(message))
  }

  async refuseTransfer(token: string): Promise<'accepted' | 'refused'> {
    return this.#transferStep({ kind: 'refuse', token })
  }

  subscribe(listener: (events: readonly Event[]) => void): void {
    this.#subscribers.push(listener)
  }

  onFatal(listener: (cause: string) => void): void {
    this.#fatalListeners.push(listener)
  }

  async close(): Promise<void> {
    this.#closing = true
    this.#sweeps.stop()
    await this.#client.close()
  }

  committed(news: Omit<CommitNews, 'octets'>): void {
    this.#health.update(news)
    for (const file of news.freed) void this.#spool.remove(file).catch(() => {})
    this.#backlog.apply(news.changed)
    if (this.#subscribers.length > 0) for (const entry of news.ledger) this.#publish(JSON.parse(entry) as Event[])
  }

  failed(cause: string): void {
    this.#health.setFatal(cause)
    if (!this.#closing) for (const listener of this.#fatalListeners) listener(cause)
  }

  /** Events of another node were published there. */
  #publish(events: readonly Event[]): void {
    const own = events.filter((event) => event.node === undefined)
    if (own.length > 0) for (const subscriber of this.#subscribers) subscriber(own)
  }

  /** The contents of the messages follow each other in the batch. */
  #encodeAll(messages: readonly NewMessage[]) {
    let start = this.#client.octetsStart
    return messages.map((message) => {
      const encoded = encodeMessage(message, start)
      start += contentSize(message)
      return encoded
    })
  }

  async #transferStep<K extends TransferStep['kind']>(
    step: TransferStep & { kind: K },
    octets: readonly Uint8Array[] = [],
  ): Promise<TransferStepAnswers[K]> {
    const now = this.#clock.now()
    return (await this.#client.run({ kind: 'transfer', step, now }, octets)).value as TransferStepAnswers[K]
  }

  /** Repeats a settlement or release while the queue is open: a lost settlement would mean a second delivery. */
  async #runFact(operation: Operation & { kind: 'settle' | 'release' }): Promise<boolean | null> {
    for (;;) {
      try {
        return (await this.#client.run(operation)).value
      } catch (error) {
        const isTemporary = error instanceof QueueUnavailable && error.cause !== 'closed' && !this.#health.isFatal
        if (!isTemporary || this.#closing) throw error
        await this.#clock.sleep(FACT_RETRY_MS)
      }
    }
  }
}

function acceptedClaims(message: NewMessage, accepted: Accepted, { claim }: { readonly claim: boolean }): Claim[] {
  if (typeof accepted !== 'number') return claimsOf(message, accepted.first, accepted.claimed)
  return claim ? claimsOf(message, accepted, null) : []
}
