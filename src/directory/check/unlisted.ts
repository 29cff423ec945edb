// Notes on addresses that cannot be listed, because a regular expression matches them.

import type { Place } from '../data-problem.ts'
import type { Snapshot } from '../snapshot.ts'

export interface Unlisted extends Place {
  readonly message: string
}

/** A note for each expression at its place, in the order of matching. */
export function unlistedAddresses({ rewrites }: Pick<Snapshot, 'rewrites'>): readonly Unlisted[] {
  return rewrites.map(({ pattern, domain, source }) => {
    const colon = source.lastIndexOf(':')
    const where = domain === undefined ? 'addresses' : `addresses of ${domain}`
    return {
      file: source.slice(0, colon),
      line: Number(source.slice(colon + 1)) || 0,
      column: 1,
      message: `/${pattern.source}/ is a regular expression: the ${where} that it matches cannot be listed`,
    }
  })
}
