// TLS reports of a running node: counts the results of its sessions, and sends the reports of past days.

import type { Budgets } from '../budget/budgets.ts'
import type { Config } from '../config/config.ts'
import type { TlsSession } from '../delivery/attempt/tls-session.ts'
import { askAs } from '../dns/ask-as.ts'
import type { Resolver } from '../dns/resolver.ts'
import type { AskStranger } from '../https/ask-stranger.ts'
import type { Intake } from '../intake/intake.ts'
import type { Clock, Timer } from '../lib/clock.ts'
import { errorText, type Log } from '../lib/log.ts'
import { fieldsNamed, readFields } from '../message/header.ts'
import type { HealthCheck } from '../observe/health-report.ts'
import type { GaugeSource } from '../observe/metrics.ts'
import type { Queue } from '../queue/contract/queue.ts'
import { createTlsResultStore, type NodeTlsResults } from '../state/tls-result-store.ts'
import type { StateChannel } from '../state/thread/state-messages.ts'
import { postReport } from '../tls-reports/post-report.ts'
import { createReportSender, type ReportSenderPorts, type SendResult } from '../tls-reports/report-sender.ts'
import { collectResults } from '../tls-reports/result-collector.ts'
import { tlsResultsPath } from '../wiring/node-paths.ts'
import { type TlsReportSettings, tlsReportSettings } from '../wiring/tls-report-settings.ts'

export interface TlsReportWatch {
  readonly health: HealthCheck
  readonly metrics: readonly GaugeSource[]
  /** Counts a session. */
  readonly note: (session: TlsSession) => void
  /** Begins to send. */
  start(path: ReportPath): void
  close(): Promise<void>
}

/** The way of reports by mail. */
export interface ReportPath {
  readonly intake: Pick<Intake, 'prepare'>
  readonly queue: Pick<Queue, 'accept'>
}

export interface TlsReportPorts {
  readonly state: StateChannel
  readonly resolver: Resolver
  readonly ask: AskStranger
  readonly budgets: Pick<Budgets, 'stock'>
  readonly clock: Clock
  readonly log: Pick<Log, 'info' | 'warn' | 'error' | 'bug'>
}

/** How often reports become due, ms. */
const LOOK_MS = 5 * 60_000
/** Rows of a day and domain: results by failure, host and address. A host that invents failures fills its own part. */
const ROWS_OF_DOMAIN = 500
/** RFC 8460 section 5.5: the delivery of a report is not tried for longer, ms. */
const MAIL_LIFETIME_MS = 24 * 3_600_000
/** A longer text is no code, and each is a row. */
const MOST_REASON = 200

/** Null without `tls_reports`. */
export function watchTlsReports(config: Config, ports: TlsReportPorts): TlsReportWatch | null {
  const settings = tlsReportSettings(config)
  return settings && startWatch(config, settings, ports)
}

function startWatch(config: Config, settings: TlsReportSettings, ports: TlsReportPorts): TlsReportWatch {
  const { clock, log } = ports
  const counts = { sent: 0, 'given-up': 0 }
  let dropped = 0
  const { store, stock } = openStore(config, ports)
  const written = (missed: number, rows: number) => {
    dropped += missed
    // A domain that has its own share does not make the file full.
    if (missed > 0 && rows >= stock.capacity) stock.refuse()
  }
  const collector = collectResults({ store, clock, written })
  let running: Promise<void> = Promise.resolve()
  let timer: Timer | null = null
  const start = (path: ReportPath) => {
    const sender = createReportSender(settings, senderPorts(store, path, { ...ports, counts }))
    const run = async () => {
      try {
        await sender.run()
      } catch (error) {
        log.bug(error, 'TLS reports')
      }
    }
    let isRunning = false
    const due = () => {
      if (isRunning) return
      isRunning = true
      running = run().finally(() => (isRunning = false))
    }
    due()
    timer = clock.every(LOOK_MS, due)
  }
  return {
    health: {
      name: 'tls-reports',
      check: () =>
        store.problem === null
          ? { kind: 'ok' }
          : { kind: 'degraded', reason: `TLS results are not counted: ${store.problem}` },
    },
    metrics: metricsOf(counts, () => dropped),
    note: (session) => {
      if (!settings.exclude.has(session.domain)) collector.note(resultOf(session))
    },
    start,
    close: async () => {
      timer?.cancel()
      await running
      await collector.close()
      await store.close()
    },
  }
}

function resultOf({ domain, host, address, localAddress, peerName, published, tls, cause }: TlsSession) {
  const { failure } = tls
  return {
    domain,
    policy: published ?? ({ type: 'no-policy-found', strings: [], mxHosts: [] } as const),
    failure: failure
      ? {
          type: failure,
          sendingIp: localAddress,
          mxHost: host,
          mxHelo: peerName,
          mxIp: address,
          reason: cause?.slice(0, MOST_REASON) ?? null,
        }
      : null,
  }
}

function senderPorts(
  store: NodeTlsResults,
  path: ReportPath,
  { resolver, clock, log, ask, counts }: TlsReportPorts & { readonly counts: Record<'sent' | 'given-up', number> },
): ReportSenderPorts {
  return {
    store,
    resolver: askAs(resolver, { purpose: 'optional' }),
    clock,
    log,
    mail: (mail) => sendMail(mail, path),
    post: (url, packed) => postReport(url, packed, ask),
    ended: (result) => void counts[result]++,
  }
}

/** With the null sender: what becomes of a report causes no bounce, and so no loop. */
async function sendMail(
  mail: { readonly recipient: string; readonly header: Buffer; readonly body: Buffer },
  { intake, queue }: ReportPath,
): Promise<SendResult> {
  try {
    const message = await intake.prepare({ ...mail, smtputf8: false, lifetimeMs: MAIL_LIFETIME_MS })
    if (message === null) return { kind: 'refused', cause: 'there is no route to the address' }
    // RFC 8460 section 3: receivers ignore reports without a signature.
    if (fieldsNamed(readFields(message.header), 'DKIM-Signature').length === 0)
      return { kind: 'refused', cause: 'the node has no active DKIM key for the domain of the report' }
    await queue.accept(message, { claim: false })
    return { kind: 'sent' }
  } catch (error) {
    return { kind: 'failed', cause: errorText(error) }
  }
}

function openStore(config: Config, { state, budgets, log }: TlsReportPorts) {
  const path = tlsResultsPath(config)
  const stock = budgets.stock('tlsResults', () => store.size)
  const store: NodeTlsResults = createTlsResultStore(
    { path, capacity: stock.capacity, share: ROWS_OF_DOMAIN },
    {
      channel: state,
      changed: (problem) => {
        if (problem === null) log.info({ file: path }, 'the file of TLS results can be used again')
        else
          log.warn({ file: path, cause: problem }, 'the file of TLS results cannot be used; reports will lack sessions')
      },
      setAside: ({ path: aside, cause }) =>
        log.error(
          { file: path, aside, cause },
          'the file of TLS results is damaged; it was set aside and begins empty',
        ),
    },
  )
  return { store, stock }
}

function metricsOf(counts: Readonly<Record<string, number>>, dropped: () => number): readonly GaugeSource[] {
  return [
    {
      name: 'waypost_tls_reports_total',
      help: 'TLS reports to one address or server by result: `sent`, `given-up`.',
      labels: ['result'],
      isCounter: true,
      read: () => Object.entries(counts).map(([result, value]) => ({ labels: { result }, value })),
    },
    {
      name: 'waypost_tls_sessions_uncounted_total',
      help: 'TLS sessions that no report will have, because there was no place or the file could not be used.',
      labels: [],
      isCounter: true,
      read: () => [{ labels: {}, value: dropped() }],
    },
  ]
}
