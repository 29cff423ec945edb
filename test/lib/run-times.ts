// How long a run of the tests took and which files took longest, for the last lines of `npm test`.

import { relative } from 'node:path'

/** Files that are named. */
const MOST_FILES = 10
/** The aim for a whole run on two processors, ms. Above it, a change waits too long for its result. */
const AIM_MS = 12 * 60 * 1000

/** A file and its time with its hooks, which vitest's JSON report leaves out. */
export interface FileTime {
  /** Absolute path. */
  readonly name: string
  readonly ms: number
}

/** The slowest files, the slowest first, one line each. Empty without times, or if they cannot be read. */
export function slowestFiles(times: string | null, root: string): string[] {
  const slowest = readTimes(times)
    .toSorted((one, other) => other.ms - one.ms)
    .slice(0, MOST_FILES)
  return slowest.map(({ name, ms }) => `${(ms / 1000).toFixed(1).padStart(6)} s  ${relative(root, name)}`)
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

function readTimes(text: string | null): readonly FileTime[] {
  try {
    const times: unknown = JSON.parse(text ?? '')
    return Array.isArray(times) ? (times as FileTime[]) : []
  } catch {
    return []
  }
}
