// The results of the benchmark `mx` and what they are compared with.

import { medianOf } from '../median.ts'
import type { ContenderName } from './mx-contenders.ts'
import type { MxLoadAnswer } from './mx-load-order.ts'

export interface MxTurn {
  /** Messages per second until the next hop has the last one. */
  readonly rate: number
  /** Milliseconds of all processes of the mail server and its filters for one message. */
  readonly cpu: number
  readonly reply: Pick<MxLoadAnswer, 'p50' | 'p99'>
}

export interface MxRow {
  readonly name: ContenderName
  readonly turns: readonly MxTurn[]
  /** Waits for the reply at `MxResults.rate`. */
  readonly paced: Pick<MxLoadAnswer, 'p50' | 'p99' | 'max'>
}

export interface MxResults {
  readonly rows: readonly MxRow[]
  readonly messages: number
  readonly sessions: number
  /** Messages a second of the paced load: half of the rate of Postfix with rspamd. */
  readonly rate: number
  readonly postfixVersion: string
  /** Shares of processor time of the node, or null if it was not profiled. */
  readonly profile: string | null
}

interface Comparison {
  readonly ours: ContenderName
  readonly theirs: ContenderName
  /** Least ratio; null without an aim. */
  readonly aim: number | null
}

export const comparisons: readonly Comparison[] = [
  { ours: 'Waypost', theirs: 'Postfix, rspamd', aim: 3.5 },
  { ours: 'Waypost', theirs: 'Postfix, OpenDKIM and OpenDMARC', aim: null },
  { ours: 'Waypost, rspamd', theirs: 'Postfix, rspamd', aim: 1.3 },
]

/** The median of the ratios within a turn; null if one of them did not run. */
export function ratioOf(rows: readonly MxRow[], { ours, theirs }: Omit<Comparison, 'aim'>): number | null {
  const [mine, other] = [ours, theirs].map((name) => rows.find((row) => row.name === name))
  if (!mine || !other) return null
  return medianOf(mine.turns.map(({ rate }, turn) => rate / (other.turns[turn]?.rate ?? Number.NaN)))
}

/** True if one of the aims is missed, so that a profile is wanted. */
export function missesAim(rows: readonly MxRow[]): boolean {
  return comparisons.some((one) => one.aim !== null && (ratioOf(rows, one) ?? Number.POSITIVE_INFINITY) < one.aim)
}
