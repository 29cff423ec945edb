// The reports of a running node: opens their store, removes old ones, counts, and reports their health.

import type { Agent } from '../delivery/attempt/agent.ts'
import type { Budgets } from '../budget/budgets.ts'
import type { Config } from '../config/config.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { Health, HealthCheck } from '../observe/health-report.ts'
import type { GaugeSource } from '../observe/metrics.ts'
import type { OpenQueue } from '../queue/contract/opened-queue.ts'
import type { Claim } from '../queue/contract/queue.ts'
import type { OriginalMail } from '../reports/report-content.ts'
import { createReportTaker, type ReportTaker, type Taken, UNPROVEN } from '../reports/report-taker.ts'
import type { OriginalFound } from '../reports/store/report-store.ts'
import { createReportThread, type ReportThread } from '../reports/thread/report-thread.ts'
import { type ReportSending, type ReportSendingPorts, sendOwnReports } from './report-sending.ts'
import type { Intake } from '../intake/intake.ts'
import type { Resolver } from '../dns/resolver.ts'
import type { Router } from '../route/resolution.ts'
import { domainOf } from '../smtp/mailbox.ts'
import { reportsPath } from '../wiring/node-paths.ts'
import { deliverReports } from './report-delivery.ts'

export interface ReportWatch {
  readonly health: HealthCheck
  readonly metrics: readonly GaugeSource[]
  /** Null for a node that sends no reports. */
  readonly sending: Pick<ReportSending, 'note'> | null
  /** Follows a reload: addresses, domains and the age of reports. What is sent, and whether reports are read, needs a restart. */
  update(config: Config): void
  /** The agent with the delivery to the store of reports. */
  agent(others: Agent): Agent
  start(): void
  close(): Promise<void>
}

export interface ReportWatchPorts {
  readonly clock: Clock
  readonly queue: Pick<OpenQueue, 'accept' | 'control' | 'openBody' | 'record' | 'reader'>
  readonly resolver: Resolver
  /** Makes a message of this node with the null sender. */
  readonly prepare: Intake['prepare']
  readonly budgets: Pick<Budgets, 'stock' | 'rate'>
  readonly router: Pick<Router, 'isOurs' | 'ownNames'>
  readonly log: Pick<Log, 'warn' | 'info' | 'error' | 'bug'>
}

const HOUR_MS = 3_600_000
/** Old reports are removed some at a time. */
const PURGE_EVERY_MS = 10 * 60_000
const ALL = 'all'

const reportKinds = ['dmarc', 'tls', 'complaint'] as const
type ReportKind = (typeof reportKinds)[number]

type Count = ReportKind | 'known' | 'unproven' | 'unreadable' | 'unavailable' | 'removed'

interface State {
  readonly counts: Map<Count, number>
  rows: number
  /** Different results that wait for the reports of this node. */
  results: number
  /** Unix milliseconds of the newest report of each kind that DMARC proves; none before the first one. */
  readonly newest: Map<ReportKind, number>
  /** Why the store cannot be used. */
  problem: string | null
  /** Unix milliseconds of the last message that was held. */
  heldAt: number | null
}

/** Null without addresses. */
export function watchReports(config: Config, ports: ReportWatchPorts): ReportWatch | null {
  return config.reports === null ? null : createWatch(config, config.reports, ports)
}

function createWatch(config: Config, atStart: NonNullable<Config['reports']>, ports: ReportWatchPorts): ReportWatch {
  const { clock, queue, budgets, log } = ports
  let reports = atStart
  const state: State = { counts: new Map(), rows: 0, results: 0, newest: new Map(), problem: null, heldAt: null }
  const count = (what: Count, more = 1) => void state.counts.set(what, (state.counts.get(what) ?? 0) + more)
  const resultStock = budgets.stock('reportResults', () => state.results)
  const held = { bySender: budgets.rate('unreadableReports'), all: budgets.rate('allUnreadableReports') }
  const thread = createReportThread(reportsPath(config), clock)
  const domains = () => reports.domains
  const taker = takerOf(config, { ...ports, state, thread, domains, resultCapacity: resultStock.capacity })
  const stored = (rows: number, omitted: number) => {
    state.results = rows
    if (omitted > 0 && rows >= resultStock.capacity) resultStock.refuse()
  }
  const sending = sendOwnReports(config, { ...ports, store: taker.results, stored, queue: queueReport(ports) })
  const purge = async () => {
    const before = clock.now() - reports.keep
    const removed = await taker.purge(before, Math.max(before, clock.now() - config.privacy.forget.accounts))
    if (typeof removed === 'number') count('removed', removed)
    note(state, typeof removed === 'number' ? null : removed.unavailable, log)
  }
  const open = async () => {
    const opened = await taker.open()
    if ('aside' in opened && opened.aside !== null)
      log.error({ cause: opened.aside }, 'the store of reports is damaged; it was set aside and begins empty')
    if ('newest' in opened) for (const kind of reportKinds) noteRead(state, kind, opened.newest[kind])
    note(state, 'unavailable' in opened ? opened.unavailable : null, log)
    sending?.start()
  }
  const timer = clock.every(PURGE_EVERY_MS, () => void purge().catch((error: unknown) => log.bug(error, 'reports')))
  return {
    health: { name: 'reports', check: () => healthOf(state, clock.now()) },
    metrics: [...metricsOf(state, clock), ...(sending ? [sending.metric] : [])],
    sending,
    update: (wanted) => {
      if (wanted.reports !== null) reports = wanted.reports
    },
    agent: (others) =>
      deliverReports(others, {
        queue,
        taker,
        mayHold: (proven) => held.all.take(ALL) && held.bySender.take(proven ?? UNPROVEN),
        taken: async (claim, taken) => {
          countTaken(taken, { state, count, clock })
          note(state, taken.kind === 'unavailable' ? taken.cause : null, log)
          if (taken.kind === 'read' && taken.isNew) await recordComplaint(claim, taken, { queue, clock })
        },
      }),
    start: () => void open().catch((error: unknown) => log.bug(error, 'reports')),
    close: async () => {
      timer.cancel()
      await sending?.close()
      await thread.close()
    },
  }
}

interface TakerParts extends ReportWatchPorts {
  readonly state: State
  readonly thread: ReportThread
  readonly domains: () => readonly string[]
  readonly resultCapacity: number
}

function takerOf(config: Config, { state, thread, domains, resultCapacity, ...ports }: TakerParts): ReportTaker {
  const { clock, queue, budgets, router } = ports
  const { capacity } = budgets.stock('reportRecords', () => state.rows)
  const own = new Set([config.domain, config.hostname, ...(config.srs === null ? [] : [config.srs.domain])])
  return createReportTaker(
    { authservId: config.authserv_id, domains, capacity, resultCapacity },
    {
      thread,
      clock,
      isOurs: (domain) => own.has(domain) || isOurs(domain, router),
      rows: budgets.rate('reportRecordsOfSender'),
      findOriginal: (original) => findOriginal(original, queue),
      counted: (rows) => (state.rows = rows),
    },
  )
}

/** False if there is no route to the recipient. */
function queueReport({ prepare, queue }: ReportWatchPorts): ReportSendingPorts['queue'] {
  return async (recipient, mail) => {
    const message = await prepare({ recipient, ...mail, smtputf8: false })
    if (message !== null) await queue.accept(message, { claim: false })
    return message !== null
  }
}

/** A DMARC record and a TLSRPT record can be above the domains that have mail. */
function isOurs(domain: string, router: Pick<Router, 'isOurs' | 'ownNames'>): boolean {
  const names = router.ownNames()
  return router.isOurs(domain) || names.highestAbove(domain) !== null || names.hasBelow(domain)
}

/** By our queue IDs in its Received fields, then by its Message-ID. */
async function findOriginal(
  { hops, messageId }: OriginalMail,
  { reader }: Pick<OpenQueue, 'reader'>,
): Promise<OriginalFound | null> {
  for (const subject of [...hops.map(({ queueId }) => queueId), ...(messageId === null ? [] : [messageId])]) {
    const { events } = await reader.trace(subject, { limit: 1 })
    const received = events.find((event) => event.kind === 'received')
    if (received?.kind === 'received' && received.queueId !== null)
      return { queueId: received.queueId, account: received.origin }
  }
  return null
}

async function recordComplaint(
  { message }: Claim,
  { summary: { complaint }, proven, original }: Extract<Taken, { kind: 'read' }>,
  { queue, clock }: Pick<ReportWatchPorts, 'queue' | 'clock'>,
): Promise<void> {
  if (complaint === null) return
  await queue.record([
    {
      kind: 'complained',
      at: clock.now(),
      queueId: original?.queueId ?? null,
      report: message.queueId,
      feedback: complaint.feedbackType,
      provider: proven ?? (message.sender === null ? '' : domainOf(message.sender)),
      isProven: proven !== null,
      account: original?.account ?? null,
      messageId: complaint.original.messageId,
    },
  ])
}

function countTaken(
  taken: Taken,
  { state, count, clock }: { readonly state: State; readonly count: (what: Count) => void; readonly clock: Clock },
): void {
  if (taken.kind === 'busy') return
  if (taken.kind !== 'read') {
    if (taken.kind === 'unreadable') state.heldAt = clock.now()
    return count(taken.kind)
  }
  if (taken.proven !== null) noteRead(state, taken.summary.kind, clock.now())
  if (!taken.isNew) return count('known')
  count(taken.summary.kind)
  if (taken.proven === null) count('unproven')
}

function noteRead({ newest }: State, kind: ReportKind, at: number | null): void {
  if (at !== null && at > (newest.get(kind) ?? Number.NEGATIVE_INFINITY)) newest.set(kind, at)
}

function note(state: State, problem: string | null, log: ReportWatchPorts['log']): void {
  if (problem !== null && state.problem === null)
    log.warn({ cause: problem }, 'reports cannot be stored; they wait in the queue')
  if (problem === null && state.problem !== null) log.info({}, 'reports are stored again')
  state.problem = problem
}

function healthOf({ problem, heldAt }: State, now: number): Health {
  if (problem !== null) return { kind: 'degraded', reason: `reports wait in the queue: ${problem}` }
  return heldAt !== null && now - heldAt < HOUR_MS
    ? { kind: 'degraded', reason: 'a message without a readable report was held in the last hour' }
    : { kind: 'ok' }
}

function metricsOf(state: State, clock: Clock): readonly GaugeSource[] {
  return [
    {
      name: 'waypost_reports_total',
      help: 'Reports that were read, by kind (`dmarc`, `tls`, `complaint`); `unproven`: those of them without proof; `known`: read before; `unreadable`: messages that are held; `unavailable`: attempts that could not store; `removed`: by age.',
      labels: ['result'],
      isCounter: true,
      read: () => [...state.counts].map(([result, value]) => ({ labels: { result }, value })),
    },
    {
      name: 'waypost_reports_last_read_age_seconds',
      help: 'Time since the last report of a kind (`dmarc`, `tls`, `complaint`) that DMARC proves, also over restarts; no value before the first one.',
      labels: ['kind'],
      read: () => [...state.newest].map(([kind, at]) => ({ labels: { kind }, value: (clock.now() - at) / 1000 })),
    },
  ]
}
