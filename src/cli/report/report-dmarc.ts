// waypost report dmarc: the sources of mail in our name, whether it aligns, which of them are our nodes, and the trend. Exit code 1 without reports.

import {
  openReportReader,
  type ReportReader,
  type SourceMarks,
  type SourceSum,
} from '../../reports/store/report-access.ts'
import type { PublishedPolicy } from '../../reports/report-content.ts'
import { reportsPath } from '../../wiring/node-paths.ts'
import { FAILED, type Io, json, line, OK } from '../io.ts'
import { withStateFile } from '../place/with-state-file.ts'
import { dayChart } from './day-chart.ts'
import { type KnownSource, knownSources } from './known-sources.ts'
import { countOf, filterOf, percent, type ReportOptions, reporterText, splitReporters } from './report-options.ts'
import { sourceAdvice } from './source-advice.ts'

interface Source extends SourceSum, KnownSource, SourceMarks {
  readonly advice: string | null
}

/** Sources that are shown; the others are summed up by the trend. */
const SHOWN = 20
const SHOWN_AS_JSON = 1000
/** Look-ups of names at a time. */
const AT_ONCE = 10

export function reportDmarc(options: ReportOptions, io: Io): Promise<number> | number {
  return withStateFile(options, { io, pathOf: reportsPath }, async (path) => {
    const reader = openReportReader(path)
    try {
      return reader === null ? nothing(io) : await show(reader, options, io)
    } finally {
      reader?.close()
    }
  })
}

function nothing(io: Io): number {
  line(io.stderr, 'no reports: the node reads those that arrive at the addresses of `reports` in its YAML')
  return FAILED
}

async function show(reader: ReportReader, options: ReportOptions, io: Io): Promise<number> {
  const filter = filterOf(options)
  const reporters = splitReporters(reader.reporters('dmarc', { ...filter, unproven: true }), filter)
  const sums = reader.sources(filter, options.json ? SHOWN_AS_JSON : SHOWN)
  const { sources: known, note } = await knownSources(options.config, options.dns !== false)
  const sources: Source[] = []
  for (let at = 0; at < sums.length; at += AT_ONCE)
    sources.push(
      ...(await Promise.all(
        sums.slice(at, at + AT_ONCE).map(async (sum) => {
          const [marks, found] = [reader.marks(sum, filter), await known.find(sum.source)]
          return { ...sum, ...found, ...marks, advice: sourceAdvice(sum, marks, found.isOurs) }
        }),
      )),
    )
  const policies = reader.policies(filter)
  const days = reader.days('dmarc', filter)
  if (options.json) json(io.stdout, { reporters: reporters.shown, leftOut: reporters.leftOut, policies, sources, days })
  else {
    if (note !== null) line(io.stderr, note)
    const shown = { reporters, sources, days, period: options.days, policies }
    for (const text of textOf(shown)) line(io.stdout, text)
  }
  return reporters.reports > 0 ? OK : FAILED
}

interface Shown {
  readonly reporters: ReturnType<typeof splitReporters>
  readonly sources: readonly Source[]
  readonly days: ReturnType<ReportReader['days']>
  readonly period: number
  readonly policies: ReturnType<ReportReader['policies']>
}

function* textOf({ reporters, sources, days, period, policies }: Shown): Generator<string> {
  const messages = days.reduce((sum, { good, bad }) => sum + good + bad, 0)
  const pass = days.reduce((sum, { good }) => sum + good, 0)
  yield `DMARC, last ${countOf(period, 'day')}: ${countOf(messages, 'message')} in our name, ${percent(pass, messages)} pass`
  yield `${countOf(reporters.reports, 'report')}: ${reporters.shown.slice(0, 10).map(reporterText).join(', ') || 'none'}`
  if (reporters.leftOut > 0)
    yield `${countOf(reporters.leftOut, 'report')} without proof left out; see them with --unproven`
  if (policies.length > 0) yield `policies: ${policies.map(policyText).join('; ')}`
  for (const domain of new Set(sources.map((one) => one.domain))) {
    yield ''
    yield `From: ${domain}`
    yield '  messages    pass    DKIM     SPF  source'
    for (const one of sources) if (one.domain === domain) yield* sourceLines(one)
  }
  if (days.length > 0) {
    yield ''
    yield 'messages by day: # pass, ! fail'
    for (const text of dayChart(days)) yield `  ${text}`
  }
}

/** As in the record; a tag that the report does not have is left out. */
function policyText({ domain, p, sp, np, adkim, aspf, fo, pct, testing, discovery }: PublishedPolicy): string {
  const tags = { p, sp, np, adkim, aspf, fo, pct, t: testing === true ? 'y' : null }
  const written = Object.entries(tags).flatMap(([name, value]) => (value === null ? [] : [`${name}=${value}`]))
  return `${domain} ${written.join(' ')}${discovery === null ? '' : ` (found by ${discovery})`}`
}

function* sourceLines(one: Source): Generator<string> {
  const { messages, pass, dkim, spf, source, name, isOurs, quarantined, rejected, advice } = one
  const parts = [pass, dkim, spf].map((part) => percent(part, messages).padStart(6)).join('  ')
  const who = isOurs ? `our node${name === null ? '' : ` ${name}`}` : name
  const treated = [
    ...(rejected > 0 ? [`${rejected} rejected`] : []),
    ...(quarantined > 0 ? [`${quarantined} quarantined`] : []),
  ]
  const notes = [...(who === null ? [] : [who]), ...treated].join(', ')
  yield `${String(messages).padStart(10)}  ${parts}  ${source}${notes === '' ? '' : ` (${notes})`}`
  if (advice !== null) yield `${' '.repeat(12)}${advice}`
}
