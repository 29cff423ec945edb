// What checks and destinations did within a time, from one pass over the ledger that several views share. The pass is bounded: on a busy
// node it covers less time, and the views say so.

import type { Event } from '../observe/events.ts'
import { type CheckReport, CheckReportBuilder } from './check-report.ts'
import { DestinationReportBuilder, type DestinationFigures } from './destination-report.ts'
import type { StatusVisit } from './status-ports.ts'

export interface LedgerReport {
  /** Unix ms. */
  readonly since: number
  readonly until: number
  /** Later entries are left out, because there are too many. */
  readonly isCut: boolean
  readonly checks: CheckReport
  readonly destinations: readonly DestinationFigures[]
}

/** A pass over so many entries takes a second or two, in pages between which mail has its turn. */
const MOST_ENTRIES = 30_000
/** A report of a minute ago is as good. */
const KEEP_MS = 60_000
const MINUTE_MS = 60_000

/** Times that a view offers, minutes. */
export const spans = [15, 60, 360, 1440] as const
export type Span = (typeof spans)[number]

/** The time that a query asks for; an hour without one. */
export function spanOf(query: URLSearchParams): Span {
  const wanted = Number(query.get('minutes'))
  return spans.find((one) => one === wanted) ?? 60
}

export function ledgerReport({ ports, single, now }: StatusVisit, minutes: Span): Promise<LedgerReport> {
  return single.run(`ledger ${minutes}`, KEEP_MS, async () => {
    // The newest part of the time is worth more than the oldest.
    const within = Math.min(minutes, ports.history.minutesWith(MOST_ENTRIES))
    const since = now - within * MINUTE_MS
    const checks = new CheckReportBuilder()
    const destinations = new DestinationReportBuilder()
    let left = MOST_ENTRIES
    let until = now
    for await (const events of ports.queue.reader.ledger({ since, until: now })) {
      if (left-- === 0) {
        until = events[0]?.at ?? now
        break
      }
      checks.add(events)
      destinations.add(own(events))
    }
    const isCut = left < 0 || within < minutes
    return { since, until, isCut, checks: checks.report(), destinations: destinations.report() }
  })
}

/** Without the history of transferred messages. */
function own(events: readonly Event[]): readonly Event[] {
  return events.filter(({ node }) => node === undefined)
}
