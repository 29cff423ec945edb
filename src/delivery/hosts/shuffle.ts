// A fair shuffle with entropy as a port (RFC 5321 5.1 asks for random choice among equal preferences).

import type { Random } from '../../lib/random.ts'

/** A shuffled copy. */
export function shuffle<T>(items: readonly T[], random: Random): T[] {
  const result = [...items]
  for (let i = result.length - 1; i > 0; i--) {
    // 32 bits modulo a handful of hosts: the bias is below one in a hundred million.
    const j = random(4).readUInt32BE() % (i + 1)
    const kept = result[i] as T
    result[i] = result[j] as T
    result[j] = kept
  }
  return result
}
