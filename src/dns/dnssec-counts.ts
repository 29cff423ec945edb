// Counts answers by what DNSSEC says about them, so that an attack on the DNS shows as a number.

import { type DnssecState, dnssecStateOf, type Resolver } from './resolver.ts'

export interface DnssecCounts {
  /** The same resolver; its answers are counted. */
  count(resolver: Resolver): Resolver
  /** Answers since the start, every state. */
  values(): readonly (readonly [DnssecState, number])[]
}

export function createDnssecCounts(): DnssecCounts {
  const counts: Record<DnssecState, number> = { secure: 0, insecure: 0, bogus: 0, unavailable: 0 }
  return {
    count: (resolver) => ({
      resolve: async (name, type, ask) => {
        const answer = await resolver.resolve(name, type, ask)
        counts[dnssecStateOf(answer)]++
        return answer
      },
    }),
    values: () => Object.entries(counts) as [DnssecState, number][],
  }
}
