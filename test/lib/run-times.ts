// How long a run of the tests took and which files took longest, for the last lines of `npm test`.

import { relative } from 'node:path'

/** Files that are named. */
const MOST_FILES = 10
/** The aim for a whole run on two processors, ms. Above it, a change waits too long for its result. */
const AIM_MS = 12 * 60 * 1000

/** The part of vitest's JSON report that has times, ms. */
interface TimedReport {
  readonly testResults: readonly { readonly name: string; readonly startTime: number; readonly endTime: number }[]
}

/** The slowest files of a report, the slowest first, one line each. Empty if there is no report or none that can be read. */
export function slowestFiles(report: string | null, root: string): string[] {
  const files = (readReport(report)?.testResults ?? []).map(({ name, startTime, endTime }) => ({
    name: relative(root, name),
    ms: endTime - startTime,
  }))
  const slowest = files.toSorted((one, other) => other.ms - one.ms).slice(0, MOST_FILES)
  return slowest.map(({ name, ms }) => `${(ms / 1000).toFixed(1).padStart(6)} s  ${name}`)
}

/** The total. In CI also a note if it is above the aim: no failure, because the speed of a machine is not tested. */
export function formatTotal(ms: number, isCi: boolean): string {
  const total = `total: ${inMinutes(ms)}`
  return isCi && ms > AIM_MS ? `${total}\nnote: above the aim of ${inMinutes(AIM_MS)} on two processors` : total
}

function inMinutes(ms: number): string {
  const seconds = Math.round(ms / 1000)
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}

function readReport(text: string | null): TimedReport | null {
  try {
    const report = JSON.parse(text ?? '') as Partial<TimedReport>
    return Array.isArray(report.testResults) ? (report as TimedReport) : null
  } catch {
    return null
  }
}
