// Refuses messages that loop (RFC 5321 6.3).

import { countHops } from '../../message/hops.ts'
import { refusal } from '../../smtp/reply.ts'
import type { Check } from '../check.ts'
import { accept, refuse } from '../verdict.ts'

/** Refuses with 554 5.4.6 from `maxHops` Received fields on. */
export function hopCountCheck(maxHops: number): Check {
  return {
    name: 'hop-count',
    message: ({ fields }) => {
      const hops = countHops(fields)
      if (hops < maxHops) return { verdict: accept }
      return { verdict: refuse(refusal(554, '5.4.6', `Too many hops: ${hops} Received fields`)) }
    },
  }
}
