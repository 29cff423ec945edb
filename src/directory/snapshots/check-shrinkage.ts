// Decides whether a source's answer may replace the last good one. A half-finished import, a lost right or a wrong filter looks like many
// people leaving at once.

import { countContent } from './source-content.ts'
import type { ContentCounts, SourceContent } from './source-content.ts'

export type ShrinkageVerdict = { readonly kind: 'accept' } | { readonly kind: 'refuse'; readonly cause: string }

/** With fewer entries of one kind, one person is a large fraction, so only the sum of all kinds is checked. */
const MIN_COUNT = 10

const kinds = ['users', 'passwords', 'aliases', 'forwards'] as const

/** `last` is null if there is no snapshot yet; `maxShrinkage` is a fraction, 0.4 for 40 %. */
export function checkShrinkage(
  next: SourceContent,
  last: ContentCounts | null,
  maxShrinkage: number,
): ShrinkageVerdict {
  const counts = countContent(next)
  if (sum(counts) === 0) return refuse('the source returned no entries')
  if (!last) return { kind: 'accept' }
  const shrunk = kinds.find((kind) => last[kind] >= MIN_COUNT && isShrunk(last[kind], counts[kind], maxShrinkage))
  if (shrunk) return refuse(describe(shrunk, last[shrunk], counts[shrunk]))
  if (isShrunk(sum(last), sum(counts), maxShrinkage)) return refuse(describe('entries', sum(last), sum(counts)))
  return { kind: 'accept' }
}

function isShrunk(before: number, now: number, most: number): boolean {
  return before - now > before * most
}

function describe(what: string, before: number, now: number): string {
  return `${what} shrank from ${before} to ${now}`
}

function refuse(cause: string): ShrinkageVerdict {
  return { kind: 'refuse', cause }
}

function sum(counts: ContentCounts): number {
  return kinds.reduce((total, kind) => total + counts[kind], 0)
}
