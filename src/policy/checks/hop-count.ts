// Loop protection by hop count (RFC 5321 6.3): a mail that has passed too many servers goes no further.

import { countHops } from '../../message/hops.ts'
import { refusal } from '../../smtp/reply.ts'
import type { ContentCheck } from '../check.ts'
import { accept, refuse } from '../verdict.ts'

/** Refuses with 554 5.4.6 from `maxHops` Received fields on. */
export function checkLoop(maxHops: number): ContentCheck {
  return async (mail) => {
    const hops = countHops(mail.fields)
    if (hops < maxHops) return { verdict: accept }
    return { verdict: refuse(refusal(554, '5.4.6', `Too many hops: ${hops} Received fields`)) }
  }
}
