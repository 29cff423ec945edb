// waypost report checks: what each check did, and what it would have done in test mode, from the ledger. Exit code 1 if no check did anything.

import { counted } from '../../lib/counted.ts'
import { time } from '../../observe/describe-event.ts'
import type { EventKind } from '../../observe/events.ts'
import { FAILED, json, line, OK } from '../io.ts'
import type { Io } from '../io.ts'
import type { NodePlace } from '../place/node-place.ts'
import { withQueueReader } from '../queue/with-queue.ts'
import { type CheckFigures, type CheckReport, CheckReportBuilder, type Refused } from '../../status/check-report.ts'
import type { Counted } from '../../status/top-counts.ts'

/** Times are unix milliseconds. */
export interface ReportChecksOptions {
  readonly since: number
  readonly until: number
}

const kinds: readonly EventKind[] = ['received', 'rejected', 'would-reject']

export function reportChecks(
  options: NodePlace & ReportChecksOptions & { readonly json?: boolean },
  io: Io,
): Promise<number> | number {
  const { since, until } = options
  return withQueueReader(options, io, async (reader) => {
    const builder = new CheckReportBuilder()
    for await (const entry of reader.ledger({ since, until, kinds })) builder.add(entry)
    const report = builder.report()
    if (options.json) json(io.stdout, { since, until, ...report })
    else if (report.checks.length === 0)
      line(io.stderr, `no check has events from ${time(since)} before ${time(until)}`)
    else for (const text of reportLines(report, options)) line(io.stdout, text)
    return report.checks.length > 0 ? OK : FAILED
  })
}

function reportLines({ messages, checks }: CheckReport, { since, until }: ReportChecksOptions): string[] {
  return [
    `${time(since)} to ${time(until)}: ${counted(messages, 'accepted message')}`,
    '',
    ...table([header, ...checks.map(row)]),
    ...checks.flatMap(details),
  ]
}

const header = ['check', 'judged', 'refused', 'would refuse', 'temporary', 'marked', 'no answer', 'p50', 'p95']

function row(one: CheckFigures): string[] {
  const { check, judged, refused, wouldRefuse, temporary, marked, unavailable, time: took } = one
  const numbers = [judged, sum(refused), sum(wouldRefuse), temporary, marked, unavailable]
  return [check, ...numbers.map(String), ...(took ? [duration(took.p50), duration(took.p95)] : ['-', '-'])]
}

/** The first column to the left, the others to the right. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths = header.map((_, column) => Math.max(...rows.map((cells) => (cells[column] ?? '').length)))
  return rows.map((cells) =>
    cells
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  '),
  )
}

function details(one: CheckFigures): string[] {
  const { check, refused, wouldRefuse, results, reasons, networks, senders } = one
  const shown = Object.entries(results).map(([name, count]) => `${name} ${count}`)
  const lines = [
    ...(shown.length > 0 ? [`  results: ${shown.join(', ')}`] : []),
    ...(sum(refused) > 0 ? [`  refused: ${parts(refused)}`] : []),
    ...(sum(wouldRefuse) > 0 ? [`  would refuse (test mode): ${parts(wouldRefuse)}`] : []),
    ...list('  reasons:', reasons),
    ...list('  client networks of what would be refused:', networks),
    ...list('  sender domains of what would be refused:', senders),
  ]
  return lines.length === 0 ? [] : ['', check, ...lines]
}

function list(title: string, top: readonly Counted[]): string[] {
  if (top.length === 0) return []
  const width = Math.max(...top.map(({ count }) => String(count).length))
  return [
    title,
    ...top.map(({ key, count, example }) => `    ${String(count).padStart(width)}  ${key}  (trace ${example})`),
  ]
}

function parts({ sessions, messages, recipients }: Refused): string {
  const named = [
    [sessions, 'session'],
    [messages, 'message'],
    [recipients, 'recipient'],
  ] as const
  return named
    .filter(([count]) => count > 0)
    .map(([count, name]) => counted(count, name))
    .join(', ')
}

function sum({ sessions, messages, recipients }: Refused): number {
  return sessions + messages + recipients
}

function duration(ms: number): string {
  if (ms < 1) return '< 1 ms'
  return ms < 10_000 ? `${ms} ms` : `${Math.round(ms / 1000)} s`
}
