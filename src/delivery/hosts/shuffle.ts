// A fair shuffle: RFC 5321 section 5.1 asks for a random choice among equal preferences.

import type { Random } from '../../lib/random.ts'

/** A shuffled copy. */
export function shuffle<T>(items: readonly T[], random: Random): T[] {
  const result = [...items]
  for (let i = result.length - 1; i > 0; i--) {
    // The bias of 32 random bits modulo some hosts is below 10^-8.
    const j = random(4).readUInt32BE() % (i + 1)
    const kept = result[i] as T
    result[i] = result[j] as T
    result[j] = kept
  }
  return result
}
