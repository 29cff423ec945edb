// The node's own score while the spam filter does not answer: better than no judgement.

import type { SpamScanner } from '../../filter/spam-scan.ts'

/** Asks `first`, and `second` only if `first` has no answer. */
export function withFallback(first: SpamScanner, second: SpamScanner): SpamScanner {
  return {
    scan: async (request) => {
      const found = await first.scan(request)
      return found.kind === 'unavailable' ? second.scan(request) : found
    },
  }
}
