// Notes on addresses that cannot be listed, because a regular expression matches them.

import { parsePlace } from '../data-problem.ts'
import type { Place } from '../data-problem.ts'
import type { Snapshot } from '../snapshot.ts'

export interface UnlistedNote extends Place {
  readonly message: string
}

/** A note for each expression at its place, in the order of matching. */
export function unlistedAddresses({ rewrites }: Pick<Snapshot, 'rewrites'>): readonly UnlistedNote[] {
  return rewrites.map(({ pattern, domain, source }) => {
    const where = domain === undefined ? 'addresses' : `addresses of ${domain}`
    return {
      ...parsePlace(source),
      message: `/${pattern.source}/ is a regular expression: the ${where} that it matches cannot be listed`,
    }
  })
}
