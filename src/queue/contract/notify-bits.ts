// NOTIFY of RFC 3461 4.1 as bits, and which notices it permits.

import type { Notify } from '../../smtp/envelope.ts'

const bits: Record<Notify, number> = { NEVER: 1, SUCCESS: 2, FAILURE: 4, DELAY: 8 }
const names = Object.keys(bits) as Notify[]

export const notices = ['none', 'failed', 'delayed', 'delivered', 'expanded'] as const
export type NoticeKind = 'failed' | 'delayed' | 'delivered' | 'expanded'
/** Stored numbers of notices. */
export const noticeNumber = { none: 0, failed: 1, delayed: 2, delivered: 3, expanded: 4 } as const

export function notifyBits(notify: readonly Notify[]): number {
  let sum = 0
  for (const name of notify) sum |= bits[name]
  return sum
}

export function notifyOf(sum: number): Notify[] {
  return sum === 0 ? [] : names.filter((name) => (sum & bits[name]) !== 0)
}

/** RFC 3461 4.1: without NOTIFY, failures are reported; this node reports delays too. */
export function wantsNotice(sum: number, notice: NoticeKind): boolean {
  if (notice === 'delivered' || notice === 'expanded') return (sum & bits.SUCCESS) !== 0
  return sum === 0 || (sum & (notice === 'failed' ? bits.FAILURE : bits.DELAY)) !== 0
}
