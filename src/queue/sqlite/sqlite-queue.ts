// Room queue: the contract of queue.ts over the store worker and the spool. Turns words of the contract into operations and back; decides
// nothing about mail.

import { Readable } from 'node:stream'
import type { Clock } from '../../lib/clock.ts'
import type { Event } from '../../observe/events.ts'
import { claimsOf } from './claimed-at-accept.ts'
import type {
  ControlRequest,
  ControlResult,
  ControlStep,
  ControlStepResult,
  QueueStats,
  DestinationRequest,
} from '../contract/queue-control.ts'
import type { FreeSpace } from './storage-health.ts'
import { StorageHealth } from './storage-health.ts'
import type { TransferAnswer, TransferRequest } from '../contract/queue-transfer.ts'
import type { TransferStepAnswers, TransferStep } from '../transfer/transfer-step.ts'
import { noticeNumber } from '../contract/notify-bits.ts'
import type { OpenQueue, OpenReport } from '../contract/opened-queue.ts'
import type { QueueSettings } from '../contract/queue-settings.ts'
import type { Accepted, Operation, WireOutcome, CommitNews } from './worker/worker-protocol.ts'
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
import type { Spool } from './spool/spool.ts'
import type { StoreClient, CommitListener } from './worker/store-client.ts'
import { encodeTransfer } from '../transfer/transferred-message.ts'
import { QueueUnavailable } from '../contract/queue-unavailable.ts'
import type { Backlog } from '../scheduling/destination-backlog.ts'
import { Unbroken } from '../scheduling/continuous-uptime.ts'
import { contentOf, decodeClaim, decodeNotice, encodeEvents, encodeMessage, encodeTls } from './worker/worker-codec.ts'

/** Between two tries to write down a fact (a settlement) that the disk refused, ms. */
const FACT_RETRY_MS = 1_000
/** How often recipients past their lifetime are looked for, ms. */
const EXPIRE_SWEEP_MS = 60_000
/** A sweep that comes later than this says that the machine slept or its clock jumped, ms. */
const LATE_SWEEP_MS = 3 * EXPIRE_SWEEP_MS

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
  readonly #client: StoreClient
  readonly #spool: Spool
  readonly #clock: Clock
  readonly #health: StorageHealth
  readonly #backlog: Backlog
  readonly #mourners: ((cause: string) => void)[] = []
  readonly #followers: ((events: readonly Event[]) => void)[] = []
  readonly #sweep: NodeJS.Timeout
  /** The last message that was judged to be late or not. */
  #warnedTo = 0
  #closing = false

  constructor(parts: SqliteQueueParts) {
    this.opened = parts.opened
    this.#client = parts.client
    this.#spool = parts.spool
    this.#clock = parts.clock
    this.#backlog = parts.backlog
    this.#health = new StorageHealth(parts)
    const unbroken = new Unbroken(parts.clock.now(), LATE_SWEEP_MS)
    this.#sweep = setInterval(() => {
      // What became too old while nobody tried is attempted first, as everything is within the longest gap.
      if (unbroken.for(parts.clock.now()) < parts.settings.retry.maximalGapMs) return
      void this.expireOverdue().catch(() => {})
      void this.findDelayed().catch(() => {})
    }, EXPIRE_SWEEP_MS)
    this.#sweep.unref()
  }

  async accept(message: NewMessage, options: { readonly claim: boolean }): Promise<Claim[]> {
    const wire = encodeMessage(message, this.#client.octetsStart)
    const { value } = await this.#client.run(
      { kind: 'accept', message: wire, claim: options.claim, now: this.#clock.now() },
      contentOf(message),
    )
    this.#tellFollowers(message.events)
    return claimed(message, value, options.claim)
  }

  async acceptAll(messages: readonly NewMessage[], options: { readonly claim: boolean }): Promise<Claim[]> {
    let start = this.#client.octetsStart
    const wire = messages.map((message) => {
      const encoded = encodeMessage(message, start)
      start += octetsOf(message)
      return { message: encoded, returned: message.returned ?? null }
    })
    const { value } = await this.#client.run(
      { kind: 'accept-all', messages: wire, claim: options.claim, now: this.#clock.now() },
      messages.flatMap(contentOf),
    )
    for (const { returned, events } of messages) if (!returned) this.#tellFollowers(events)
    return messages.flatMap((message, place) => claimed(message, value[place] as Accepted, options.claim))
  }

  async shareBody(body: StoredBody): Promise<SharedBody> {
    if (body.kind === 'inline') return { body, discard: async () => {} }
    const file = await this.#spool.link(body.file)
    return { body: { ...body, file }, discard: () => this.#spool.remove(file) }
  }

  async claim(request: { readonly nextHop: string; readonly limit: number; readonly now: number }): Promise<Claim[]> {
    const { value, octets } = await this.#client.run({ kind: 'claim', ...request })
    return value.map((one) => decodeClaim(one, request.nextHop, octets))
  }

  async settle(settlement: Settlement): Promise<{ readonly noticesDue: boolean }> {
    const { queueId } = settlement
    const outcomes = settlement.outcomes.map(wireOutcome)
    return { noticesDue: (await this.#fact({ kind: 'settle', queueId, outcomes, now: this.#clock.now() })) === true }
  }

  async release(claims: readonly Claim[]): Promise<void> {
    const recipients = claims.flatMap((claim) => claim.recipients.map((recipient) => recipient.recipientId))
    if (recipients.length > 0) await this.#fact({ kind: 'release', recipients, now: this.#clock.now() })
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
    return value.map((one) => decodeNotice(one, octets))
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
    const content = reports.map(contentOf)
    let start = this.#client.octetsStart
    const wire = reports.map((report, place) => {
      const encoded = encodeMessage({ ...report, events: [] }, start)
      for (const part of content[place] ?? []) start += part.length
      return encoded
    })
    await this.#client.run(
      {
        kind: 'notify',
        recipients: task.recipients.map((recipient) => recipient.recipientId),
        notice: noticeNumber[task.notice],
        reports: wire,
        events: encodeEvents(events),
        now: this.#clock.now(),
      },
      content.flat(),
    )
  }

  async record(events: readonly Event[]): Promise<void> {
    if (events.length > 0) await this.#client.run({ kind: 'record', events: encodeEvents(events) })
  }

  async purge(before: number): Promise<number> {
    let removed = 0
    for (let after: number | null = 0; after !== null; ) {
      const { value }: { value: { removed: number; next: number | null } } = await this.#client.run({
        kind: 'purge',
        before,
        after,
      })
      removed += value.removed
      after = value.next
    }
    return removed
  }

  /** Ends recipients whose lifetime passed without an attempt; runs by itself every minute once the node has worked for the longest gap. Returns how many. */
  async expireOverdue(): Promise<number> {
    let expired = 0
    for (let after: number | null = 0; after !== null && !this.#closing; ) {
      const { value }: { value: { expired: number; next: number | null } } = await this.#client.run({
        kind: 'expire',
        now: this.#clock.now(),
        after,
      })
      expired += value.expired
      after = value.next
    }
    return expired
  }

  async findDelayed(): Promise<number> {
    let late = 0
    for (let more = true; more && !this.#closing; ) {
      const asked = { kind: 'warn', now: this.#clock.now(), after: this.#warnedTo } as const
      const { value } = await this.#client.run(asked)
      late += value.late
      this.#warnedTo = value.upTo
      more = value.more
    }
    return late
  }

  createSpoolFile(): Promise<SpoolFile> {
    return this.#spool.create()
  }

  openBody(body: StoredBody): Readable {
    if (body.kind === 'spool') return this.#spool.read(body.file, body.size)
    return Readable.from(body.bytes.length > 0 ? [body.bytes] : [], { objectMode: false })
  }

  health(): Promise<QueueHealth> {
    return this.#health.look()
  }

  async control(request: ControlRequest): Promise<ControlResult> {
    let changed = 0
    let afterAttempt = 0
    for (let after: number | null = 0; after !== null; ) {
      const step: ControlStepResult = await this.#step({ kind: 'act', ...request, after, now: this.#clock.now() })
      if (step.kind !== 'act') break
      changed += step.changed
      afterAttempt += step.afterAttempt
      after = step.next
    }
    return { changed, afterAttempt }
  }

  async suspend(request: DestinationRequest): Promise<boolean> {
    const result = await this.#step({ kind: 'suspend', ...request, now: this.#clock.now() })
    return result.kind === 'flag' && result.changed
  }

  async resume(request: DestinationRequest): Promise<boolean> {
    const result = await this.#step({ kind: 'resume', ...request, now: this.#clock.now() })
    return result.kind === 'flag' && result.changed
  }

  async identity(): Promise<string> {
    return this.#transferStep({ kind: 'identity' })
  }

  async acceptTransfer({ token, from, message }: TransferRequest): Promise<TransferAnswer> {
    const { header, body } = message
    const wire = encodeTransfer(message, this.#client.octetsStart)
    return this.#transferStep(
      { kind: 'accept', token, from, message: wire },
      body.kind === 'inline' ? [header, body.bytes] : [header],
    )
  }

  async refuseTransfer(token: string): Promise<'accepted' | 'refused'> {
    return this.#transferStep({ kind: 'refuse', token })
  }

  async stats(): Promise<QueueStats> {
    const result = await this.#step({ kind: 'stats', now: this.#clock.now() })
    if (result.kind !== 'stats') throw new Error('the store did not answer with statistics')
    return result.stats
  }

  subscribe(listener: (events: readonly Event[]) => void): void {
    this.#followers.push(listener)
  }

  async close(): Promise<void> {
    this.#closing = true
    clearInterval(this.#sweep)
    await this.#client.close()
  }

  news(news: Pick<CommitNews, 'changed' | 'freed' | 'ledger' | 'waiting' | 'failing'>): void {
    this.#health.hear(news)
    for (const file of news.freed) void this.#spool.remove(file).catch(() => {})
    this.#backlog.apply(news.changed)
    if (this.#followers.length > 0) for (const entry of news.ledger) this.#tellFollowers(JSON.parse(entry) as Event[])
  }

  onFatal(listener: (cause: string) => void): void {
    this.#mourners.push(listener)
  }

  gone(cause: string): void {
    this.#health.gone(cause)
    if (!this.#closing) for (const listener of this.#mourners) listener(cause)
  }

  /** What happened on another node was told there. */
  #tellFollowers(events: readonly Event[]): void {
    const own = events.filter((event) => event.node === undefined)
    if (own.length > 0) for (const follower of this.#followers) follower(own)
  }

  async #transferStep<K extends TransferStep['kind']>(
    step: TransferStep & { kind: K },
    octets: readonly Uint8Array[] = [],
  ): Promise<TransferStepAnswers[K]> {
    const now = this.#clock.now()
    return (await this.#client.run({ kind: 'transfer', step, now }, octets)).value as TransferStepAnswers[K]
  }

  async #step(step: ControlStep): Promise<ControlStepResult> {
    return (await this.#client.run({ kind: 'control', step })).value
  }

  /** Facts are not given up while the queue is open: a lost settlement would mean a second delivery. */
  async #fact(operation: Operation & { kind: 'settle' | 'release' }): Promise<boolean | null> {
    for (;;) {
      try {
        return (await this.#client.run(operation)).value
      } catch (error) {
        const mayPass = error instanceof QueueUnavailable && error.cause !== 'closed' && !this.#health.isGone
        if (!mayPass || this.#closing) throw error
        await this.#clock.sleep(FACT_RETRY_MS)
      }
    }
  }
}

function octetsOf(message: NewMessage): number {
  return contentOf(message).reduce((sum, part) => sum + part.length, 0)
}

function claimed(message: NewMessage, answer: Accepted, asked: boolean): Claim[] {
  if (typeof answer !== 'number') return claimsOf(message, answer.first, answer.claimed)
  return asked ? claimsOf(message, answer, null) : []
}

function wireOutcome({ recipientId, outcome }: Settlement['outcomes'][number]): WireOutcome {
  const { kind, status, reply, host, tls } = outcome
  const scope = kind === 'delivered' ? null : outcome.scope
  const dsnPassedOn = kind === 'delivered' && outcome.dsnPassedOn
  const retryAt = kind === 'deferred' ? outcome.retryAt : null
  const wire = [recipientId, kind, scope, status, reply, host, encodeTls(tls), dsnPassedOn, retryAt] as const
  if (kind === 'delivered' || outcome.replyClass === undefined) return wire
  return [...wire, outcome.replyClass, outcome.advice]
}
