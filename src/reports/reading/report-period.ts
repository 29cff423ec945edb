// The period of a report, with the limits of one that can be true.

import { Unreadable } from './unreadable.ts'

const DAY_MS = 86_400_000
/** Reports are about a day, some about a week. */
const LONGEST_MS = 40 * DAY_MS
/** Beyond the difference of clocks and time zones. */
const AHEAD_MS = 2 * DAY_MS
/** DMARC is of 2012. */
const EARLIEST_MS = Date.UTC(2012, 0, 1)

/** Unix milliseconds. @throws {Unreadable} for a period that cannot be true */
export function readPeriod(begin: number, end: number, now: number): { readonly begin: number; readonly end: number } {
  if (!Number.isFinite(begin) || !Number.isFinite(end)) throw new Unreadable('the report has no period')
  if (begin < EARLIEST_MS || end > now + AHEAD_MS) throw new Unreadable('the period of the report cannot be true')
  if (end < begin || end - begin > LONGEST_MS)
    throw new Unreadable('the period of the report ends before it begins, or is too long')
  return { begin, end }
}
