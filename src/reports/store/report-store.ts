// Writes reports into their file. A report that arrives again, with the same organization and ID, changes nothing.

import type { Database } from 'better-sqlite3'
import type { Complaint, DmarcReport, Report, TlsReport } from '../report-content.ts'

/** What this node knows of the message of a report. */
export interface Arrival {
  readonly queueId: string
  /** Unix milliseconds. */
  readonly receivedAt: number
  /** The domain of the author if DMARC passed; null if nothing proves the author. */
  readonly proven: string | null
  /** Of a complaint: what the ledger of this node has of the mail that it is about; null if nothing was found. */
  readonly original: OriginalFound | null
}

export interface OriginalFound {
  readonly queueId: string
  /** The origin of the mail, as in the event `received`. */
  readonly account: string
}

export type StoreResult =
  /** `isNew` false: it is known. `removed`: older reports without proof that gave way. */
  | { readonly kind: 'stored'; readonly isNew: boolean; readonly removed: number }
  /** The store has no space, and only reports with proof. */
  | { readonly kind: 'full' }

export interface ReportStore {
  /** @param capacity rows of all reports */
  add(report: Report, arrival: Arrival, capacity: number): StoreResult
  /** Removes what arrived before, some at a time; complaints before another time. Returns how many reports. */
  purge(before: number, complaintsBefore: number): number
  /** When the newest report of each kind arrived that DMARC proves. */
  newest(): NewestReports
  /** Rows of all reports. */
  readonly rows: number
}

/** Unix milliseconds; null without one. */
export type NewestReports = Readonly<Record<Report['kind'], number | null>>

/** Reports that one call of `purge` removes; each can have thousands of rows. */
const PURGED_AT_ONCE = 200

/** Throws the errors of SQLite. */
export function createReportStore(db: Database): ReportStore {
  const insert = insertions(db)
  const removal = removals(db)
  let rows = removal.count()
  const makeRoom = (needed: number, capacity: number): number => {
    let removed = 0
    while (rows + needed > capacity) {
      const freed = removal.oldestUnproven()
      if (freed === null) return -1
      rows -= freed
      removed++
    }
    return removed
  }
  return {
    get rows() {
      return rows
    },
    add: (report, arrival, capacity) => {
      const before = rows
      try {
        return db
          .transaction((): StoreResult => {
            if (insert.isKnown(report, arrival)) return { kind: 'stored', isNew: false, removed: 0 }
            const needed = rowsOf(report)
            const removed = makeRoom(needed, capacity)
            if (removed < 0) throw new Full()
            insert.add(report, arrival)
            rows += needed
            return { kind: 'stored', isNew: true, removed }
          })
          .immediate()
      } catch (error) {
        rows = before
        if (error instanceof Full) return { kind: 'full' }
        throw error
      }
    },
    newest: () => newestOf(db),
    purge: (before, complaintsBefore) => {
      const { reports, freed } = db.transaction(() => removal.before(before, complaintsBefore)).immediate()
      rows -= freed
      return reports
    },
  }
}

function newestOf(db: Database): NewestReports {
  const reports = db.prepare<[string], number | null>(
    "SELECT max(received_at) FROM reports WHERE kind = ? AND proven <> ''",
  )
  const complaints = db.prepare<[], number | null>("SELECT max(received_at) FROM complaints WHERE proven <> ''")
  const of = (kind: 'dmarc' | 'tls') => reports.pluck().get(kind) ?? null
  return { dmarc: of('dmarc'), tls: of('tls'), complaint: complaints.pluck().get() ?? null }
}

/** Undoes the transaction. */
class Full extends Error {}

/** Rows that the budget counts. */
export function rowsOf(report: Report): number {
  if (report.kind === 'complaint') return 1
  if (report.kind === 'dmarc') return report.records.length
  return report.policies.reduce((sum, { details }) => sum + 1 + details.length, 0)
}

function insertions(db: Database) {
  const report = db.prepare(`INSERT INTO reports
    (kind, proven, org, report_id, domain, begin_at, end_at, received_at, queue_id, details, rows)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
  const known = db.prepare(`SELECT 1 FROM reports
    WHERE kind = ? AND proven = ? AND org = ? AND report_id = ? AND domain = ? AND begin_at = ?`)
  const knownComplaint = db.prepare('SELECT 1 FROM complaints WHERE queue_id = ?')
  const record = db.prepare('INSERT INTO dmarc_records VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)')
  const policy = db.prepare('INSERT INTO tls_policies VALUES (?, ?, ?, ?, ?)')
  const failure = db.prepare('INSERT INTO tls_failures VALUES (?, ?, ?, ?, ?, ?, ?)')
  const addHead = (one: DmarcReport | TlsReport, { queueId, receivedAt, proven }: Arrival, details: unknown) =>
    report.run(...keyOf(one, proven), one.end, receivedAt, queueId, JSON.stringify(details), rowsOf(one))
      .lastInsertRowid
  const addDmarc = (one: DmarcReport, arrival: Arrival) => {
    const { contact, format, policy: published, generator, errors } = one
    const id = addHead(one, arrival, { contact, format, policy: published, generator, errors })
    for (const { source, count, disposition, dkim, spf, headerFrom, envelopeFrom, ...rest } of one.records)
      record.run(
        id,
        source,
        count,
        disposition,
        Number(dkim),
        Number(spf),
        headerFrom,
        envelopeFrom,
        JSON.stringify(rest),
      )
  }
  const addTls = (one: TlsReport, arrival: Arrival) => {
    const id = addHead(one, arrival, { contact: one.contact })
    for (const { type, domain, successes, failures, details } of one.policies) {
      policy.run(id, type, domain, successes, failures)
      for (const { resultType, sendingIp, mx, count, reason } of details)
        failure.run(id, domain, resultType, sendingIp, mx, count, reason)
    }
  }
  const addComplaint = complaintInsertion(db)
  return {
    isKnown: (one: Report, { queueId, proven }: Arrival): boolean => {
      if (one.kind === 'complaint') return knownComplaint.get(queueId) !== undefined
      return known.get(...keyOf(one, proven)) !== undefined
    },
    add: (one: Report, arrival: Arrival): void => {
      if (one.kind === 'dmarc') addDmarc(one, arrival)
      else if (one.kind === 'tls') addTls(one, arrival)
      else addComplaint(one, arrival)
    },
  }
}

function complaintInsertion(db: Database) {
  const complaint = db.prepare('INSERT INTO complaints VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)')
  return (one: Complaint, { queueId, receivedAt, proven, original }: Arrival) => {
    const { feedbackType, userAgent, sourceIp, reportedDomain, arrivedAt, incidents } = one
    const { messageId, hops, authorDomain } = one.original
    complaint.run(
      queueId,
      receivedAt,
      proven ?? '',
      feedbackType,
      userAgent,
      sourceIp,
      reportedDomain,
      arrivedAt,
      incidents,
      messageId,
      authorDomain,
      original?.queueId ?? null,
      original?.account ?? null,
      JSON.stringify(hops),
    )
  }
}

/** The domain that proves the report is part of it, so that a forged report does not take the place of a true one with the same ID. */
function keyOf(one: DmarcReport | TlsReport, proven: string | null): readonly [...string[], number] {
  const domain = one.kind === 'dmarc' ? one.policy.domain : ''
  return [one.kind, proven ?? '', one.org, one.reportId, domain, one.begin]
}

function removals(db: Database) {
  const count = db
    .prepare<[], number>('SELECT coalesce(sum(rows), 0) + (SELECT count(*) FROM complaints) FROM reports')
    .pluck()
  const oldest = db.prepare<[], { id: number; rows: number }>(
    "SELECT id, rows FROM reports WHERE proven = '' ORDER BY received_at LIMIT 1",
  )
  const remove = db.prepare('DELETE FROM reports WHERE id = ?')
  const old = db.prepare<[number], { id: number; rows: number }>(
    `SELECT id, rows FROM reports WHERE received_at < ? ORDER BY received_at LIMIT ${PURGED_AT_ONCE}`,
  )
  const oldComplaints = db.prepare(`DELETE FROM complaints WHERE queue_id IN
    (SELECT queue_id FROM complaints WHERE received_at < ? LIMIT ${PURGED_AT_ONCE})`)
  return {
    count: () => count.get() ?? 0,
    /** The rows that it freed; null if there is none. */
    oldestUnproven: (): number | null => {
      const found = oldest.get()
      if (!found) return null
      remove.run(found.id)
      return found.rows
    },
    before: (time: number, complaintTime: number) => {
      const found = old.all(time)
      for (const { id } of found) remove.run(id)
      const complaints = oldComplaints.run(complaintTime).changes
      return {
        reports: found.length + complaints,
        freed: found.reduce((sum, { rows }) => sum + rows, complaints),
      }
    },
  }
}
