// Packs a report so that it fits into a message of the queue.

import { gzipSync } from 'node:zlib'
import { type AggregateFacts, writeAggregate } from './aggregate-xml.ts'
import type { CountedResult } from './result-tally.ts'

/** Octets. In base64 it fits into a row of the queue (`INLINE_LIMIT`). */
export const MOST_PACKED = 90 * 1024

/** @param found the most frequent first; the others are left out and counted if all together are too large */
export function packAggregate(
  facts: Omit<AggregateFacts, 'omitted'>,
  found: { readonly results: readonly CountedResult[]; readonly omitted: number },
): Uint8Array {
  let { results, omitted } = found
  for (;;) {
    const packed = gzipSync(writeAggregate({ ...facts, omitted }, results))
    if (packed.length <= MOST_PACKED || results.length < 2) return new Uint8Array(packed)
    const half = Math.floor(results.length / 2)
    omitted += results.slice(half).reduce((sum, { count }) => sum + count, 0)
    results = results.slice(0, half)
  }
}
