// The DMARC reports that a running node sends: gathers results, writes them to the store each minute, and sends the reports about past days.

import type { Authentication } from '../filter/authentication.ts'
import type { Config } from '../config/config.ts'
import type { Resolver } from '../dns/resolver.ts'
import type { Clock } from '../lib/clock.ts'
import { errorText, type Log } from '../lib/log.ts'
import type { GaugeSource } from '../observe/metrics.ts'
import type { Mail } from '../policy/check.ts'
import type { ReportMail } from '../reports/sending/report-mail.ts'
import { type CountedResult, createResultTally } from '../reports/sending/result-tally.ts'
import { sendReports, type SendResult, type SendSettings } from '../reports/sending/send-reports.ts'
import type { ReportTaker } from '../reports/report-taker.ts'
import type { DueReport } from '../reports/store/result-store.ts'
import { verifiedResultOf } from './verified-result-of.ts'

export interface ReportSending {
  readonly metric: GaugeSource
  note(mail: Mail, found: Authentication, isRejected: boolean): void
  /** Sends what is due, then every hour. Call it when the store is open. */
  start(): void
  /** Writes what was gathered. */
  close(): Promise<void>
}

export interface ReportSendingPorts {
  readonly clock: Clock
  readonly resolver: Resolver
  readonly log: Pick<Log, 'warn'>
  readonly store: ReportTaker['results']
  /** The results in the store: their number, and messages that found no place. */
  readonly stored: (rows: number, omitted: number) => void
  /** Queues a message with the null sender. False if there is no route to the address. */
  readonly queue: (to: string, mail: ReportMail) => Promise<boolean>
}

/** A crash loses what was gathered since: counts, no mail. */
const WRITE_EVERY_MS = 60_000
const SEND_EVERY_MS = 3_600_000

/** Null unless the configuration asks for it. */
export function sendOwnReports(config: Config, ports: ReportSendingPorts): ReportSending | null {
  const send = config.reports?.send
  if (!send) return null
  const { from, org, except } = send
  const settings: SendSettings = { from, org, except, hostname: config.hostname, submitter: config.domain }
  return createSending(settings, ports)
}

/** Messages. */
function messagesIn(results: readonly CountedResult[]): number {
  return results.reduce((sum, { count }) => sum + count, 0)
}

function createSending(settings: SendSettings, ports: ReportSendingPorts): ReportSending {
  const { clock, store, log } = ports
  const tally = createResultTally()
  const counts = new Map<SendResult | 'lost' | 'omitted', number>()
  const closing = new AbortController()
  const count = (result: SendResult | 'lost' | 'omitted', more = 1) =>
    void counts.set(result, (counts.get(result) ?? 0) + more)
  const write = async () => {
    const results = tally.take()
    if (results.length === 0) return
    try {
      const { rows, omitted } = await store.add(results)
      ports.stored(rows, omitted)
      if (omitted > 0) count('omitted', omitted)
    } catch (error) {
      count('lost', messagesIn(results))
      log.warn({ cause: errorText(error) }, 'results for DMARC reports cannot be stored')
    }
  }
  let running: Promise<void> | null = null
  const run = async () => {
    await write()
    const access = {
      due: (before: string, limit: number) => store.due(before, limit),
      write: (due: DueReport, facts: Parameters<typeof store.write>[1]) => store.write(due, facts),
      finish: (due: DueReport) => store.finish(due),
    }
    await sendReports(settings, { ...ports, ...access, count }, closing.signal)
  }
  const send = () => {
    running ??= run()
      .catch((error: unknown) => log.warn({ cause: errorText(error) }, 'DMARC reports wait; next try within the hour'))
      .finally(() => (running = null))
  }
  const timers = [clock.every(WRITE_EVERY_MS, () => void write()), clock.every(SEND_EVERY_MS, send)]
  return {
    metric: {
      name: 'waypost_dmarc_reports_sent_total',
      help: 'DMARC reports of this node: `sent` (messages), and reports that were not sent: `unwanted` (no address in the record), `excepted`, `no-consent`, `too-large`, `no-route`, `given-up` (the DNS did not answer for days); `lost`: messages whose results could not be stored; `omitted`: messages beyond the most different results of a domain and day, or of all; `full`: results beyond the most different ones of a minute.',
      labels: ['result'],
      isCounter: true,
      read: () =>
        [...counts, ...(tally.lost > 0 ? [['full', tally.lost] as const] : [])].map(([result, value]) => ({
          labels: { result },
          value,
        })),
    },
    note: (mail, found, isRejected) => {
      const result = verifiedResultOf(mail, found, isRejected)
      if (result) tally.add(result)
    },
    start: send,
    close: async () => {
      for (const timer of timers) timer.cancel()
      closing.abort()
      await running
      await write()
    },
  }
}
