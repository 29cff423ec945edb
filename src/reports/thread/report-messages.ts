// What the node and the thread of reports send each other. The thread reads one report at a time and keeps it until the node has decided.

import type { OriginalMail } from '../report-content.ts'
import type { AggregateFacts } from '../sending/aggregate-xml.ts'
import type { CountedResult } from '../sending/result-tally.ts'
import type { DueReport, ResultsAdded } from '../store/result-store.ts'
import type { Arrival, NewestReports, StoreResult } from '../store/report-store.ts'

/** What the node needs to know of a report before it is stored. */
export interface ReportSummary {
  readonly kind: 'dmarc' | 'tls' | 'complaint'
  /** The domains that it is about; none for a complaint. */
  readonly about: readonly string[]
  /** Rows in the store. */
  readonly rows: number
  /** For the ledger, such as `DMARC report of example.net about example.org, 2026-11-28, 12 records`. */
  readonly text: string
  /** Of a complaint: how to find the mail, and what the event says. */
  readonly complaint: { readonly original: OriginalMail; readonly feedbackType: string } | null
}

export type Request =
  /** Reads a message with a report. */
  | { readonly kind: 'read'; readonly message: Uint8Array; readonly now: number }
  /** Stores what was read last. */
  | { readonly kind: 'store'; readonly arrival: Arrival; readonly capacity: number }
  /** Removes what arrived before, and complaints before another time: they name accounts. */
  | { readonly kind: 'purge'; readonly before: number; readonly complaintsBefore: number }
  /** Opens the file and counts. */
  | { readonly kind: 'open' }
  /** Adds results of this node for its own reports. */
  | { readonly kind: 'add-results'; readonly results: readonly CountedResult[]; readonly capacity: number }
  | { readonly kind: 'due'; readonly before: string; readonly limit: number }
  /** Writes and packs a report. */
  | { readonly kind: 'write'; readonly due: DueReport; readonly facts: Omit<AggregateFacts, 'omitted'> }
  | { readonly kind: 'finish'; readonly due: DueReport }

export interface Replies {
  readonly read:
    | { readonly kind: 'read'; readonly summary: ReportSummary }
    | { readonly kind: 'unreadable'; readonly reason: string }
  readonly store: { readonly result: StoreResult; readonly rows: number } | Unavailable
  readonly purge: { readonly removed: number; readonly rows: number } | Unavailable
  readonly open: { readonly rows: number; readonly newest: NewestReports; readonly aside: string | null } | Unavailable
  readonly 'add-results': ResultsAdded | Unavailable
  readonly due: { readonly due: readonly DueReport[] } | Unavailable
  readonly write: { readonly packed: Uint8Array } | Unavailable
  readonly finish: Record<string, never> | Unavailable
}

/** The file cannot be used now. */
export interface Unavailable {
  readonly unavailable: string
}

export type ReplyTo<R extends Request> = Replies[R['kind']]

export interface ToThread {
  readonly id: number
  readonly request: Request
}

export interface FromThread {
  readonly id: number
  readonly reply: Replies[Request['kind']]
}
