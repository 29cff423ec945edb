// Limits how often one client network can guess an SRS hash: four case-insensitive characters have some two million values. Other mail of
// the same network is not limited.

import { clientNetwork } from '../../lib/ip-address.ts'
import type { Rate } from '../../budget/rate.ts'
import { refusal } from '../../smtp/reply.ts'
import type { Check, RecipientFacts } from '../check.ts'
import { accept, refuse } from '../verdict.ts'

/** The causes with which routing refuses a wrong hash (route/reverse.ts). An expired address has the right hash, so it is no guess. */
const wrongHashCauses = new Set(['SRS: wrong hash', 'SRS: malformed'])
/** The form of an SRS address, as in route/srs.ts, quoted or not. */
const srsForm = /^"?srs[01][=+-]/i

/**
 * Comes before the recipient check: a throttled network learns nothing about its next address.
 * @param wrong wrong addresses by client network (budget `srsGuesses`)
 */
export function srsHashThrottle(wrong: Pick<Rate, 'count' | 'isOver'>): Check {
  return {
    name: 'srs-hash-throttle',
    rcpt: (facts) => {
      const network = throttledNetwork(facts)
      if (network === null || !srsForm.test(facts.forwardPath)) return { verdict: accept }
      if (!wrong.isOver(network)) return { verdict: accept }
      const cause = `${network} presented too many wrong SRS addresses`
      return { verdict: refuse(refusal(450, '4.7.1', 'Too many wrong addresses, please try again later', cause)) }
    },
    refused: {
      rcpt: (facts, { cause }) => {
        const network = throttledNetwork(facts)
        if (network !== null && wrongHashCauses.has(cause)) wrong.count(network)
      },
    },
  }
}

/** Null for authenticated clients, which gain nothing by a guess, and for peers, which relay the mail of many. */
function throttledNetwork({ session, origin }: RecipientFacts): string | null {
  return origin.kind === 'internet' ? clientNetwork(session.remoteIp) : null
}
