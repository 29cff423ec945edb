// waypost report tls: whether other hosts reach our mx nodes over TLS, by policy, and what failed. Exit code 1 without reports.

import { openReportReader, type ReportReader } from '../../reports/store/report-access.ts'
import { reportsPath } from '../../wiring/node-paths.ts'
import { FAILED, type Io, json, line, OK } from '../io.ts'
import { withStateFile } from '../place/with-state-file.ts'
import { dayChart } from './day-chart.ts'
import { countOf, filterOf, percent, type ReportOptions, reporterText, splitReporters } from './report-options.ts'
import { tlsAdvice } from './tls-advice.ts'

const SHOWN = 20
const SHOWN_AS_JSON = 1000

export function reportTls(options: ReportOptions, io: Io): Promise<number> | number {
  return withStateFile(options, { io, pathOf: reportsPath }, (path) => {
    const reader = openReportReader(path)
    try {
      if (reader !== null) return show(reader, options, io)
      line(io.stderr, 'no reports: the node reads those that arrive at the addresses of `reports` in its YAML')
      return FAILED
    } finally {
      reader?.close()
    }
  })
}

function show(reader: ReportReader, options: ReportOptions, io: Io): number {
  const filter = filterOf(options)
  const reporters = splitReporters(reader.reporters('tls', { ...filter, unproven: true }), filter)
  const policies = reader.tlsPolicies(filter)
  const failures = reader
    .tlsFailures(filter, options.json ? SHOWN_AS_JSON : SHOWN)
    .map((one) => ({ ...one, advice: tlsAdvice(one.resultType) }))
  const days = reader.days('tls', filter)
  if (options.json)
    json(io.stdout, { reporters: reporters.shown, leftOut: reporters.leftOut, policies, failures, days })
  else for (const text of textOf({ reporters, policies, failures, days, period: options.days })) line(io.stdout, text)
  return reporters.reports > 0 ? OK : FAILED
}

interface Shown {
  readonly reporters: ReturnType<typeof splitReporters>
  readonly policies: ReturnType<ReportReader['tlsPolicies']>
  readonly failures: readonly (ReturnType<ReportReader['tlsFailures']>[number] & { readonly advice: string | null })[]
  readonly days: ReturnType<ReportReader['days']>
  readonly period: number
}

function* textOf({ reporters, policies, failures, days, period }: Shown): Generator<string> {
  const [good, bad] = [days.reduce((sum, one) => sum + one.good, 0), days.reduce((sum, one) => sum + one.bad, 0)]
  yield `TLS, last ${countOf(period, 'day')}: ${countOf(good + bad, 'session')} to our mx nodes, ${percent(good, good + bad)} good`
  yield `${countOf(reporters.reports, 'report')}: ${reporters.shown.slice(0, 10).map(reporterText).join(', ') || 'none'}`
  if (reporters.leftOut > 0)
    yield `${countOf(reporters.leftOut, 'report')} without proof left out; see them with --unproven`
  if (policies.length > 0) {
    yield ''
    yield '      good      failed  policy'
    for (const { domain, type, successes, failures: failed } of policies)
      yield `${String(successes).padStart(10)}  ${String(failed).padStart(10)}  ${domain} (${type})`
  }
  if (failures.length > 0) {
    yield ''
    yield '    failed  failure'
    for (const { domain, resultType, mx, sessions, reason, advice } of failures) {
      yield `${String(sessions).padStart(10)}  ${resultType}, ${domain}${mx === null ? '' : ` at ${mx}`}${reason === null ? '' : ` (${reason})`}`
      if (advice !== null) yield `${' '.repeat(12)}${advice}`
    }
  }
  if (days.length > 0) {
    yield ''
    yield 'sessions by day: # good, ! failed'
    for (const text of dayChart(days)) yield `  ${text}`
  }
}
