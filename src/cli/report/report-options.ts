// The options of the commands that show reports of other organizations, and what they have in common.

import { systemClock } from '../../lib/clock.ts'
import type { Reporter, ReportFilter } from '../../reports/store/report-access.ts'
import type { NodePlace } from '../place/node-place.ts'

export interface ReportOptions extends NodePlace {
  readonly days: number
  readonly domain?: string
  readonly unproven?: boolean
  readonly json?: boolean
  /** False: no questions to the DNS. */
  readonly dns?: boolean
}

const DAY_MS = 86_400_000

export function filterOf({ days, domain, unproven }: ReportOptions): ReportFilter {
  const now = systemClock.now()
  return { since: now - days * DAY_MS, domain: domain?.toLowerCase() ?? null, unproven: unproven === true }
}

/** The reporters that count, and how many reports are left out because nothing proves them. */
export function splitReporters(all: readonly Reporter[], { unproven }: Pick<ReportFilter, 'unproven'>) {
  const shown = all.filter(({ proven }) => unproven || proven !== '')
  const sum = (some: readonly Reporter[]) => some.reduce((total, { reports }) => total + reports, 0)
  return { shown, reports: sum(shown), leftOut: sum(all) - sum(shown) }
}

/** `google.com 14, Outlook.com (proven by microsoft.com) 3`. */
export function reporterText({ org, proven, reports }: Reporter): string {
  const by = proven === '' ? ' (unproven)' : proven === org.toLowerCase() ? '' : ` (proven by ${proven})`
  return `${org}${by} ${reports}`
}

/** `12 reports`, `1 report`. */
export function countOf(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`
}

/** Whole per cent; 100 only if all. */
export function percent(part: number, all: number): string {
  return all === 0 ? '-' : `${part === all ? 100 : Math.min(99, Math.round((100 * part) / all))} %`
}
