// After a change of the length of SRS hashes, addresses with hashes of the earlier length are in use until they expire. A node records the
// length and the day of the change, so that short hashes are accepted for that time and no longer.

import { z } from 'zod'
import type { ShortHashes } from './srs-hash.ts'

export interface HashLengths {
  /** Characters in new addresses. */
  readonly length: number
  /** The earlier, shorter ones; null if there are none. */
  readonly earlier: ShortHashes | null
}

/** The length before nodes recorded it, as in the other implementations. */
const UNRECORDED_LENGTH = 4

/**
 * The lengths from now on.
 * @param recorded null on the first start with this record
 * @param change.at unix milliseconds
 * @param change.validMs how long an address of the earlier length can be in use
 */
export function nextHashLengths(
  recorded: HashLengths | null,
  change: { readonly length: number; readonly at: number; readonly validMs: number },
): HashLengths {
  const { length, at, validMs } = change
  const before = recorded ?? { length: UNRECORDED_LENGTH, earlier: null }
  if (before.length === length) return before
  const inUse = before.earlier && at <= before.earlier.until ? before.earlier.minimum : before.length
  const earlier = inUse < length ? { minimum: inUse, until: at + validMs } : null
  return { length, earlier }
}

const schema = z.object({
  length: z.int().min(1),
  earlier: z.object({ minimum: z.int().min(1), until: z.int() }).nullable(),
})

/** Reads a record; null for any other text, which is as good as none. */
export function parseHashLengths(text: string): HashLengths | null {
  try {
    return schema.parse(JSON.parse(text))
  } catch {
    return null
  }
}
