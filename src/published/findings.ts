// What a check of the DNS found, and since when: a small file keeps the time at which each finding was first seen.

import { z } from 'zod'

export interface DnsFinding {
  /** The same for the same fault in the next check. */
  readonly id: string
  /** `error`: mail is lost, refused or delayed. `note`: nothing is wrong. */
  readonly severity: 'error' | 'warning' | 'note'
  /** Name and type, address, or domain. */
  readonly subject: string
  readonly problem: string
  /** What does not work; null if nothing. */
  readonly breaks: string | null
  /** What to do; null if it is obvious. */
  readonly advice: string | null
  /** The answer is not known now: an earlier finding about the same keeps its time. */
  readonly isUnknown?: true
}

export interface DatedFinding extends DnsFinding {
  /** Unix milliseconds of the first check that found it. */
  readonly since: number
}

/** First seen, by the ID of a finding. Unix milliseconds. */
export type SeenTimes = Readonly<Record<string, number>>

const stateSchema = z.object({ seen: z.record(z.string(), z.number()) })

/** The times of a state file. A damaged file counts as empty: only times are lost. */
export function parseSeen(text: string): SeenTimes {
  try {
    return stateSchema.parse(JSON.parse(text)).seen
  } catch {
    return {}
  }
}

export function formatSeen(seen: SeenTimes): string {
  return `${JSON.stringify({ seen }, null, 2)}\n`
}

/** The findings with their times, and the times for the next check. What was not found any more is forgotten. */
export function dateFindings(
  findings: readonly DnsFinding[],
  seen: SeenTimes,
  now: number,
): { readonly dated: readonly DatedFinding[]; readonly seen: SeenTimes } {
  const dated = findings.map((finding) => ({ ...finding, since: seen[finding.id] ?? now }))
  const unknown = findings.filter(({ isUnknown }) => isUnknown).map(({ subject }) => subject)
  const kept = Object.entries(seen).filter(([id]) => unknown.some((subject) => id.endsWith(` ${subject}`)))
  return { dated, seen: Object.fromEntries([...kept, ...dated.map(({ id, since }) => [id, since] as const)]) }
}

const order = ['error', 'warning', 'note'] as const

/** Errors first, each kind by its age. */
export function sortFindings(findings: readonly DatedFinding[]): readonly DatedFinding[] {
  return findings.toSorted((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity) || a.since - b.since)
}
