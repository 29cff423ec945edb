// Reads the store of reports, beside a running node or without one. Sums are made by SQLite, so that memory does not grow with the store.

import { existsSync } from 'node:fs'
import SqliteDatabase, { type Database } from 'better-sqlite3'
import { COMMAND_BUSY_MS } from '../../state/sqlite/state-file.ts'
import type { PublishedPolicy } from '../report-content.ts'

export interface ReportFilter {
  /** Only periods that end from here on, unix milliseconds. */
  readonly since: number
  /** Only this domain and those below it; null for all. */
  readonly domain: string | null
  /** Also reports without proof. */
  readonly unproven: boolean
}

/** The reports of one organization. */
export interface Reporter {
  readonly org: string
  /** The domain that DMARC proves; empty if nothing does. */
  readonly proven: string
  readonly reports: number
}

/** The messages of one source in the name of one domain. */
export interface SourceSum {
  readonly domain: string
  readonly source: string
  readonly messages: number
  /** Messages with an aligned pass. */
  readonly pass: number
  readonly dkim: number
  readonly spf: number
  readonly quarantined: number
  readonly rejected: number
}

/** What one source uses, from its largest records. */
export interface SourceMarks {
  /** `domain/selector` of signatures that pass. */
  readonly signers: readonly string[]
  /** Domains that pass SPF. */
  readonly senders: readonly string[]
  /** Reasons for which receivers did not apply the policy, such as `forwarded`. */
  readonly reasons: readonly string[]
}

export interface Day {
  /** `2026-11-29`, UTC. */
  readonly day: string
  readonly good: number
  readonly bad: number
}

export interface PolicySum {
  readonly domain: string
  readonly type: string
  readonly successes: number
  readonly failures: number
}

export interface FailureSum {
  readonly domain: string
  readonly resultType: string
  readonly mx: string | null
  readonly sessions: number
  readonly reason: string | null
}

export interface ComplaintSum {
  readonly provider: string
  readonly isProven: boolean
  readonly feedbackType: string
  readonly account: string | null
  readonly authorDomain: string | null
  readonly complaints: number
  /** The newest: queue ID of the complaint, of the mail if it is in the ledger, Message-ID, and the hops of the mail. */
  readonly latest: {
    readonly report: string
    readonly original: string | null
    readonly messageId: string | null
    readonly hops: readonly { readonly host: string; readonly queueId: string }[]
  }
}

export interface ReportReader {
  reporters(kind: 'dmarc' | 'tls', filter: ReportFilter): readonly Reporter[]
  /** The sources with the most messages. */
  sources(filter: ReportFilter, limit: number): readonly SourceSum[]
  marks(source: Pick<SourceSum, 'domain' | 'source'>, filter: ReportFilter): SourceMarks
  /** The policy of each domain as the newest report has it. */
  policies(filter: ReportFilter): readonly PublishedPolicy[]
  days(kind: 'dmarc' | 'tls', filter: ReportFilter): readonly Day[]
  tlsPolicies(filter: ReportFilter): readonly PolicySum[]
  tlsFailures(filter: ReportFilter, limit: number): readonly FailureSum[]
  complaints(filter: Omit<ReportFilter, 'domain'>): readonly ComplaintSum[]
  close(): void
}

/** Records of a source whose marks are read. */
const MARKED_RECORDS = 200
const MOST_MARKS = 5

/** Null if there is no file yet. Throws the errors of SQLite. */
export function openReportReader(path: string): ReportReader | null {
  if (!existsSync(path)) return null
  const db = new SqliteDatabase(path, { readonly: true, fileMustExist: true, timeout: COMMAND_BUSY_MS })
  return {
    reporters: (kind, filter) =>
      db
        .prepare<unknown[], Reporter>(
          `SELECT org, proven, count(*) AS reports FROM reports r WHERE ${scope(kind)} AND (@domain IS NULL OR ${about(kind)})
           GROUP BY org, proven ORDER BY reports DESC, org`,
        )
        .all(valuesOf(filter)),
    sources: (filter, limit) => sourcesOf(db, filter, limit),
    marks: (source, filter) => marksOf(db, source, filter),
    policies: (filter) =>
      db
        .prepare<unknown[], { policy: string }>(
          `SELECT json_extract(details, '$.policy') AS policy, max(end_at) FROM reports r
           WHERE ${scope('dmarc')} AND ${within('domain')} GROUP BY domain ORDER BY domain`,
        )
        .all(valuesOf(filter))
        .map(({ policy }) => JSON.parse(policy) as PublishedPolicy),
    days: (kind, filter) => daysOf(db, kind, filter),
    tlsPolicies: (filter) =>
      db
        .prepare<unknown[], PolicySum>(
          `SELECT t.domain, t.type, sum(successes) AS successes, sum(failures) AS failures
           FROM tls_policies t JOIN reports r ON r.id = t.report WHERE ${scope('tls')} AND ${within('t.domain')}
           GROUP BY t.domain, t.type ORDER BY t.domain, t.type`,
        )
        .all(valuesOf(filter)),
    tlsFailures: (filter, limit) =>
      db
        .prepare<unknown[], FailureSum>(
          `SELECT f.domain, result_type AS resultType, mx, sum(count) AS sessions, max(reason) AS reason
           FROM tls_failures f JOIN reports r ON r.id = f.report WHERE ${scope('tls')} AND ${within('f.domain')}
           GROUP BY f.domain, result_type, mx ORDER BY sessions DESC LIMIT @limit`,
        )
        .all({ ...valuesOf(filter), limit }),
    complaints: (filter) => complaintsOf(db, filter),
    close: () => db.close(),
  }
}

function valuesOf({ since, domain, unproven }: ReportFilter) {
  return { since, domain, below: domain === null ? null : `.${domain}`, unproven: Number(unproven) }
}

function scope(kind: 'dmarc' | 'tls'): string {
  return `r.kind = '${kind}' AND r.end_at >= @since AND (@unproven = 1 OR r.proven <> '')`
}

/** The domain, and those below it; domains are in lower case. */
function within(column: string): string {
  return `(@domain IS NULL OR ${column} = @domain OR substr(${column}, -length(@below)) = @below)`
}

/** Whether a report says something about the domain. */
function about(kind: 'dmarc' | 'tls'): string {
  const [table, column] = kind === 'dmarc' ? ['dmarc_records', 'header_from'] : ['tls_policies', 'domain']
  return `EXISTS (SELECT 1 FROM ${table} x WHERE x.report = r.id AND ${within(`x.${column}`)})`
}

function sourcesOf(db: Database, filter: ReportFilter, limit: number): readonly SourceSum[] {
  return db
    .prepare<unknown[], SourceSum>(
      `SELECT header_from AS domain, source, sum(count) AS messages, sum(count * (dkim | spf)) AS pass,
         sum(count * dkim) AS dkim, sum(count * spf) AS spf, sum(count * (disposition = 'quarantine')) AS quarantined,
         sum(count * (disposition = 'reject')) AS rejected
       FROM dmarc_records d JOIN reports r ON r.id = d.report WHERE ${scope('dmarc')} AND ${within('header_from')}
       GROUP BY header_from, source ORDER BY messages DESC, source LIMIT @limit`,
    )
    .all({ ...valuesOf(filter), limit })
}

interface Details {
  readonly reasons: readonly { readonly type: string }[]
  readonly signatures: readonly { readonly domain: string; readonly selector: string; readonly result: string }[]
  readonly senders: readonly { readonly domain: string; readonly result: string }[]
}

function marksOf(db: Database, of: Pick<SourceSum, 'domain' | 'source'>, filter: ReportFilter): SourceMarks {
  const rows = db
    .prepare<unknown[], string>(
      `SELECT d.details FROM dmarc_records d JOIN reports r ON r.id = d.report
       WHERE ${scope('dmarc')} AND header_from = @headerFrom AND source = @source
       ORDER BY count DESC LIMIT ${MARKED_RECORDS}`,
    )
    .pluck()
    .all({ ...valuesOf(filter), headerFrom: of.domain, source: of.source })
  const [signers, senders, reasons] = [new Set<string>(), new Set<string>(), new Set<string>()]
  for (const row of rows) {
    const details = JSON.parse(row) as Details
    for (const { domain, selector, result } of details.signatures)
      if (result === 'pass') signers.add(`${domain}/${selector}`)
    for (const { domain, result } of details.senders) if (result === 'pass') senders.add(domain)
    for (const { type } of details.reasons) reasons.add(type)
  }
  const some = (found: ReadonlySet<string>) => [...found].slice(0, MOST_MARKS)
  return { signers: some(signers), senders: some(senders), reasons: some(reasons) }
}

/** By the middle of the period: the periods of some reporters are days of another time zone. */
function daysOf(db: Database, kind: 'dmarc' | 'tls', filter: ReportFilter): readonly Day[] {
  const [good, bad, table, column] =
    kind === 'dmarc'
      ? ['count * (dkim | spf)', 'count * (1 - (dkim | spf))', 'dmarc_records', 'header_from']
      : ['successes', 'failures', 'tls_policies', 'x.domain']
  return db
    .prepare<unknown[], Day>(
      `SELECT date((begin_at + end_at) / 2000, 'unixepoch') AS day, sum(${good}) AS good, sum(${bad}) AS bad
       FROM ${table} x JOIN reports r ON r.id = x.report WHERE ${scope(kind)} AND ${within(column)}
       GROUP BY day ORDER BY day`,
    )
    .all(valuesOf(filter))
}

interface ComplaintRow {
  readonly proven: string
  readonly feedbackType: string
  readonly account: string | null
  readonly authorDomain: string | null
  readonly complaints: number
  readonly report: string
  readonly original: string | null
  readonly messageId: string | null
  readonly hops: string
  readonly userAgent: string | null
}

function complaintsOf(db: Database, { since, unproven }: Omit<ReportFilter, 'domain'>): readonly ComplaintSum[] {
  // Of a group with max(), SQLite takes the other columns from the row that has it.
  const rows = db
    .prepare<unknown[], ComplaintRow>(
      `SELECT proven, feedback_type AS feedbackType, account, author_domain AS authorDomain, sum(incidents) AS complaints,
         max(received_at), queue_id AS report, original, message_id AS messageId, hops, user_agent AS userAgent
       FROM complaints WHERE received_at >= @since AND (@unproven = 1 OR proven <> '')
       GROUP BY proven, user_agent, feedback_type, account, author_domain ORDER BY complaints DESC LIMIT 1000`,
    )
    .all({ since, unproven: Number(unproven) })
  return rows.map(({ proven, report, original, messageId, hops, userAgent, ...row }) => ({
    provider: proven || userAgent || 'unknown',
    isProven: proven !== '',
    feedbackType: row.feedbackType,
    account: row.account,
    authorDomain: row.authorDomain,
    complaints: row.complaints,
    latest: { report, original, messageId, hops: JSON.parse(hops) as ComplaintSum['latest']['hops'] },
  }))
}
