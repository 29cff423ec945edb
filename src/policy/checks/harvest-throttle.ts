// Stops clients that look for addresses: beyond a number of unknown recipients that is more than that of known ones, every recipient gets
// the same temporary answer before any look-up, so that neither the reply nor its time says whether the address exists.

import { addressKeys } from '../../budget/address-keys.ts'
import type { Rate } from '../../budget/rate.ts'
import { refusal } from '../../smtp/reply.ts'
import type { Check, RecipientFacts } from '../check.ts'
import { ALL, ALL_SHARE, SITE_SHARE } from '../client-rates.ts'
import { isContact } from '../contacts.ts'
import { accept, refuse } from '../verdict.ts'

/** The enhanced status of the reply to an unknown recipient (route/routing-replies.ts). */
const UNKNOWN = '5.1.1'
/** The causes of SRS addresses that are not valid (route/reverse-srs.ts): they have their own throttle, and hosts that return bounces have no other. */
const SRS_CAUSE = 'SRS: '
/** At this many times its share of unknown recipients a client is stopped, however many known ones it has. */
const MOST = 10
/** The part of its share that a client without delivered mail has while all clients together name too many unknown recipients. */
const STRANGE_SHARE = 0.1
/** A recipient that was known counts for three half-lives. */
const LEAST_KNOWN = 1 / 8

export interface HarvestRates {
  /** Budget `unknownRecipients`. */
  readonly unknown: Pick<Rate, 'capacity' | 'count' | 'refuse' | 'used'>
  /** Budget `knownRecipients`. */
  readonly known: Pick<Rate, 'count' | 'used'>
}

/** Comes before the recipient check, and last at `message`: only recipients of a message that every check accepts are known. */
export function harvestThrottle(rates: HarvestRates): Check {
  return {
    name: 'harvest-throttle',
    rcpt: (facts) => {
      // These addresses are known to exist, and stay reachable.
      const who = isStranger(facts) && !isContact(facts.forwardPath) ? harvester(rates, facts) : null
      if (who === null) return { verdict: accept }
      rates.unknown.refuse()
      const cause = `${who} named too many unknown recipients (budget unknownRecipients)`
      return { verdict: refuse(refusal(450, '4.7.1', 'Too many unknown recipients, please try again later', cause)) }
    },
    message: ({ session, origin, recipients }) => {
      if (session && origin.kind === 'internet')
        for (const key of keysOf(session.remoteIp)) rates.known.count(key, recipients.length)
      return { verdict: accept }
    },
    refused: {
      rcpt: (facts, { enhanced, cause }) => {
        if (!isStranger(facts) || enhanced !== UNKNOWN || cause.startsWith(SRS_CAUSE)) return
        for (const key of keysOf(facts.session.remoteIp)) rates.unknown.count(key)
      },
    },
  }
}

/** The client or site that looks for addresses; null if neither does. */
function harvester({ unknown, known }: HarvestRates, { session, transaction }: RecipientFacts): string | null {
  const { client, network } = addressKeys(session.remoteIp)
  const open = transaction.recipients.length
  const isBeyond = (key: string, share: number) => {
    const used = unknown.used(key)
    const most = unknown.capacity * share
    // One more would be above the limit: counts are never whole, because they halve with time.
    return used > most - 1 && (used > known.used(key) + open || used > most * MOST - 1)
  }
  const isFlood = isBeyond(ALL, ALL_SHARE) && known.used(client) < LEAST_KNOWN
  if (isBeyond(client, isFlood ? STRANGE_SHARE : 1)) return client
  return isBeyond(network, SITE_SHARE) ? network : null
}

function keysOf(ip: string): readonly string[] {
  const { client, network } = addressKeys(ip)
  return [client, network, ALL]
}

/** Authenticated clients and peers learn nothing new: they may ask the directory, or relay the mail of many. */
function isStranger({ origin }: RecipientFacts): boolean {
  return origin.kind === 'internet'
}
