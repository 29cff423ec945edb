// Limits how often SRS hashes can be guessed, by one client and by all together: four case-insensitive characters, as other programs make
// them, have some two million values. Other mail of the same clients is not limited.

import { clientNetwork, siteNetwork } from '../../lib/ip-address.ts'
import type { Clock } from '../../lib/clock.ts'
import { createDecayCounters } from '../../lib/decay.ts'
import type { Rate } from '../../budget/rate.ts'
import { refusal } from '../../smtp/reply.ts'
import type { Session } from '../../smtp/session.ts'
import type { Check, RecipientFacts } from '../check.ts'
import { accept, refuse } from '../verdict.ts'

/** The causes with which routing refuses a wrong hash (route/reverse-srs.ts). An expired address has the right hash, so it is no guess. */
const wrongHashCauses = new Set(['SRS: wrong hash', 'SRS: malformed'])
/** The form of an SRS address, as in route/srs.ts, quoted or not. */
const srsForm = /^"?srs[01][=+-]/i

/** Wrong addresses that a known host may present while the brake is on: damaged ones come one at a time. */
const MAX_WRONG_OF_KNOWN = 3
/** The key of all clients together. */
const ALL = 'all'

/** Hosts that delivered bounces are remembered for some weeks, as long as SRS addresses are valid. */
const KNOWN_HALF_LIFE_MS = 7 * 86_400_000
/** Some megabytes. */
const MAX_KNOWN = 50_000

/** The clients that delivered a bounce to a valid SRS address. */
export interface BounceHosts {
  delivered(ip: string): void
  isKnown(ip: string): boolean
}

export function createBounceHosts(clock: Pick<Clock, 'monotonic'>): BounceHosts {
  const counts = createDecayCounters({ clock, halfLifeMs: KNOWN_HALF_LIFE_MS, maxKeys: MAX_KNOWN })
  return {
    delivered: (ip) => void counts.add(clientNetwork(ip)),
    // One bounce counts for three half-lives.
    isKnown: (ip) => counts.get(clientNetwork(ip)) > 1 / 8,
  }
}

export interface SrsGuesses {
  /** Wrong addresses by client network, and by site for the brake (budget `srsGuesses`). */
  readonly wrong: Pick<Rate, 'count' | 'isOver' | 'used'>
  /** All wrong addresses; above its limit the brake is on (budget `allSrsGuesses`). */
  readonly all: Pick<Rate, 'count' | 'isOver'>
  readonly hosts: BounceHosts
}

/** Comes before the recipient check: a throttled client learns nothing about its next address. */
export function srsHashThrottle(guesses: SrsGuesses): Check {
  const { wrong, all } = guesses
  return {
    name: 'srs-hash-throttle',
    rcpt: (facts) => {
      if (!isLimited(facts) || !srsForm.test(facts.forwardPath)) return { verdict: accept }
      const network = clientNetwork(facts.session.remoteIp)
      if (wrong.isOver(network)) return tooManyGuesses(`${network} presented too many wrong SRS addresses`)
      if (isTrusted(guesses, facts.session) || !all.isOver(ALL)) return { verdict: accept }
      return tooManyGuesses(`many clients present wrong SRS addresses, and ${network} delivered no bounce before`)
    },
    refused: {
      rcpt: (facts, { cause }) => {
        if (!isLimited(facts) || !wrongHashCauses.has(cause)) return
        all.count(ALL)
        wrong.count(clientNetwork(facts.session.remoteIp))
        wrong.count(siteNetwork(facts.session.remoteIp))
      },
    },
  }
}

/** Clients that are judged while the brake is on: those that delivered a bounce, and hosts with a confirmed name whose site did not guess. */
function isTrusted({ wrong, hosts }: SrsGuesses, { remoteIp, remoteName, helo }: Session): boolean {
  if (hosts.isKnown(remoteIp)) return wrong.used(clientNetwork(remoteIp)) < MAX_WRONG_OF_KNOWN
  // RFC 5321 4.1.4: a mail host says the name that its address has in the DNS.
  const isNamed = remoteName !== null && helo?.toLowerCase() === remoteName.toLowerCase()
  return isNamed && wrong.used(siteNetwork(remoteIp)) < 1 / 8
}

function tooManyGuesses(cause: string) {
  return { verdict: refuse(refusal(450, '4.7.1', 'Too many wrong addresses, please try again later', cause)) }
}

/** Not authenticated clients, which gain nothing by a guess, and not peers, which relay the mail of many. */
function isLimited({ origin }: RecipientFacts): boolean {
  return origin.kind === 'internet'
}
