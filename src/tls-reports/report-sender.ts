// Sends the reports of past days: it asks each domain where its report goes, spreads them over some hours, and repeats what fails for a day
// (RFC 8460 sections 4.1 and 5.5). After a kill it continues; a report may then arrive twice, with the same Report-ID.
//
// | a day of a domain | until | then |
// |---|---|---|
// | results | its time after midnight has come, and the DNS answers | planned; removed if no report is wanted, or after a day without an answer |
// | planned, with a row for each URI | the report to a URI is sent, or has failed for a day | the row is removed; the results with the last row |

import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { Resolver } from '../dns/resolver.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { DayOfDomain, DueReport, TlsResultStore } from '../state/tls-result-contract.ts'
import { reportJson } from './report-json.ts'
import { writeReportMail } from './tls-report-mail.ts'
import { dayOf } from './result-collector.ts'
import { readReportUri, readRuaRecord } from './rua-record.ts'

export interface ReportSettings {
  /** The name of the organisation, and its domain. */
  readonly organization: string
  readonly submitter: string
  /** An address or a URL for questions. */
  readonly contact: string
  /** The author of reports by mail. */
  readonly from: string
  readonly hostname: string
}

export type SendResult =
  | { readonly kind: 'sent' }
  /** It will not work later either. */
  | { readonly kind: 'refused' | 'failed'; readonly cause: string }

export interface ReportSenderPorts {
  readonly store: TlsResultStore
  readonly resolver: Resolver
  readonly clock: Pick<Clock, 'now'>
  readonly log: Pick<Log, 'info' | 'warn'>
  readonly mail: (mail: {
    readonly recipient: string
    readonly header: Buffer
    readonly body: Buffer
  }) => Promise<SendResult>
  readonly post: (url: string, packed: Buffer) => Promise<SendResult>
  /** Called with what came of a report to one URI. */
  readonly ended: (result: 'sent' | 'given-up') => void
}

export interface ReportSender {
  /** Plans and sends what is due. Rejects only if a port does. */
  run(): Promise<void>
}

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** Results of the last seconds of a day are written after it. */
const SETTLE_MS = 10 * 60_000
/** RFC 8460 4.1: reports of all senders must not arrive at midnight. */
const SPREAD_MS = 4 * HOUR_MS
/** RFC 8460 5.5: the first repetition, doubled each time, and the end. */
const FIRST_RETRY_MS = 15 * 60_000
const MOST_ATTEMPTS = 7
const AT_ONCE = 100
/** Days that a domain's DNS and report server can be down. */
const KEEP_DAYS = 3

const pack = promisify(gzip)

export function createReportSender(settings: ReportSettings, ports: ReportSenderPorts): ReportSender {
  const { store, resolver, clock, log } = ports
  /** When the reports of a day are sent, unix ms. */
  const timeOf = ({ day, domain }: DayOfDomain): number => {
    const part = createHash('sha256').update(`${settings.hostname} ${domain}`).digest().readUInt32BE(0) / 2 ** 32
    return Date.parse(`${day}T00:00:00Z`) + DAY_MS + SETTLE_MS + Math.floor(part * SPREAD_MS)
  }
  const plan = async (of: DayOfDomain) => {
    const now = clock.now()
    const time = timeOf(of)
    if (now < time) return
    const answer = await resolver.resolve(`_smtp._tls.${of.domain}`, 'TXT')
    if (answer.kind === 'unavailable' && now < time + DAY_MS) return
    await store.plan(of, answer.kind === 'found' ? readRuaRecord(answer.records) : [], now)
  }
  const planAll = async () => {
    const before = dayOf(clock.now())
    let after: DayOfDomain | null = null
    for (;;) {
      const some: readonly DayOfDomain[] = (await store.unplanned({ before, limit: AT_ONCE, after })) ?? []
      for (const of of some) await plan(of)
      after = some.at(-1) ?? null
      if (some.length < AT_ONCE) return
    }
  }
  const send = async (report: DueReport) => {
    const result = await sendOne(settings, ports, report)
    if (result.kind === 'sent') {
      ports.ended('sent')
      log.info({ domain: report.domain, day: report.day, uri: report.uri }, 'a TLS report was sent')
      return store.finish(report)
    }
    if (result.kind === 'failed' && report.attempts + 1 < MOST_ATTEMPTS)
      return store.postpone(report, clock.now() + FIRST_RETRY_MS * 2 ** report.attempts)
    ports.ended('given-up')
    log.warn(
      { domain: report.domain, day: report.day, uri: report.uri, cause: result.cause },
      'a TLS report was given up',
    )
    return store.finish(report)
  }
  return {
    run: async () => {
      await store.purge(dayOf(clock.now() - KEEP_DAYS * DAY_MS))
      await planAll()
      for (;;) {
        const some = (await store.due(clock.now(), AT_ONCE)) ?? []
        for (const report of some) await send(report)
        if (some.length < AT_ONCE) return
      }
    },
  }
}

async function sendOne(settings: ReportSettings, ports: ReportSenderPorts, report: DueReport): Promise<SendResult> {
  const { organization, submitter, contact, from, hostname } = settings
  const { day, domain } = report
  const uri = readReportUri(report.uri)
  const rows = await ports.store.resultsOf(report)
  if (rows === null) return { kind: 'failed', cause: 'the results cannot be read' }
  if (uri === null || rows.length === 0) return { kind: 'refused', cause: 'there is nothing to report' }
  // The same after a kill, so that a receiver knows that two reports are one.
  const unique = createHash('sha256').update(`${hostname} ${day} ${domain}`).digest('hex').slice(0, 24)
  const reportId = `${unique}@${hostname}`
  const packed = await pack(reportJson({ organization, contact, reportId, day, domain }, rows))
  if (uri.kind === 'https') return ports.post(uri.url, packed)
  const begin = Date.parse(`${day}T00:00:00Z`) / 1000
  const fileName = `${submitter}!${domain}!${begin}!${begin + DAY_MS / 1000 - 1}!${unique}.json.gz`
  const at = ports.clock.now()
  const mail = writeReportMail({ from, to: uri.address, domain, submitter, reportId, at, fileName, packed })
  return ports.mail({ recipient: uri.address, ...mail })
}
