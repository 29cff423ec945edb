// The results of the benchmark `submission` and what they are compared with.

import type { Delays } from '../delays.ts'
import { medianOf } from '../median.ts'
import type { Turn } from '../turn.ts'
import type { ContenderName } from './submission-contenders.ts'
import type { SubmissionAnswer } from './submission-load-order.ts'

export const loads = [
  { name: 'ten mails a session', perSession: 10 },
  { name: 'one login for all', perSession: null },
  { name: 'a login for each mail', perSession: 1 },
] as const
export type LoadName = (typeof loads)[number]['name']

export interface SubmissionRow {
  readonly load: LoadName
  readonly name: ContenderName
  readonly turns: readonly Turn<SubmissionAnswer>[]
}

export interface SubmissionResults {
  readonly rows: readonly SubmissionRow[]
  readonly messages: number
  readonly sessions: number
  readonly postfixVersion: string
  /** Messages per second of the loader with a server that only replies. */
  readonly ceilings: ReadonlyMap<LoadName, number>
  /** Shares of processor time of the node by load that misses an aim. */
  readonly profiles: ReadonlyMap<LoadName, string>
}

interface Comparison {
  readonly ours: ContenderName
  readonly theirs: ContenderName
}

const comparisons: readonly Comparison[] = [
  { ours: 'Waypost', theirs: 'Postfix, OpenDKIM' },
  { ours: 'Waypost', theirs: 'Postfix, rspamd' },
  { ours: 'Waypost, two keys', theirs: 'Postfix, rspamd, two keys' },
]

export const AIM = 3

export interface Compared extends Comparison {
  readonly load: LoadName
  /** The median of the ratios of the rates within a turn. */
  readonly ratio: number
  /** Medians of the p99 of the reply, ms. */
  readonly waits: readonly [ours: number, theirs: number]
}

/** What of the comparisons ran. */
export function compare(rows: readonly SubmissionRow[]): Compared[] {
  return loads.flatMap(({ name: load }) =>
    comparisons.flatMap(({ ours, theirs }) => {
      const [mine, other] = [ours, theirs].map((one) => rows.find((row) => row.load === load && row.name === one))
      if (!mine || !other) return []
      const ratio = medianOf(mine.turns.map(({ rate }, turn) => rate / (other.turns[turn]?.rate ?? Number.NaN)))
      return [{ load, ours, theirs, ratio, waits: [waitOf(mine), waitOf(other)] as const }]
    }),
  )
}

export function isMet({ ratio, waits: [ours, theirs] }: Compared): { readonly rate: boolean; readonly wait: boolean } {
  return { rate: ratio >= AIM, wait: ours <= theirs }
}

function waitOf({ turns }: SubmissionRow): number {
  return medianDelay(turns, 'reply', 'p99')
}

export function medianDelay(
  turns: readonly Turn<SubmissionAnswer>[],
  of: 'reply' | 'login',
  part: keyof Delays,
): number {
  return medianOf(turns.map(({ answer }) => answer[of][part]))
}
