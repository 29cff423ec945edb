// What an SRS address of ours takes: bounces, and only so many. RCPT accepts it for any sender, because some hosts verify senders by a RCPT
// that has no message after it; the refusal of another sender follows the data.

import type { Rate } from '../../budget/rate.ts'
import type { Resolution, ReversedSrs } from '../../route/resolution.ts'
import { refusal } from '../../smtp/reply.ts'
import type { Refusal } from '../../smtp/reply.ts'
import type { Check, Mail, RecipientFacts } from '../check.ts'
import { accept, refuse } from '../verdict.ts'
import type { Refused } from '../verdict.ts'
import type { BounceHosts } from './srs-hash-throttle.ts'

export interface SrsBounceLimits {
  /** Bounces by SRS address (budget `srsBounces`). */
  readonly addresses: Pick<Rate, 'take' | 'giveBack'>
  /** Bounces by original sender (budget `srsTargets`). */
  readonly targets: Pick<Rate, 'take'>
  /** Hosts that delivered a bounce. */
  readonly hosts: BounceHosts
}

/** @param limits null for `waypost explain`, which counts nothing */
export function srsBounces(limits: SrsBounceLimits | null): Check {
  return {
    name: 'srs-bounces',
    message: (mail) => {
      const reply = bouncesOnly(mail) ?? (limits && tooMany(limits, mail))
      return { verdict: reply ? refuse(reply) : accept }
    },
  }
}

/** The refusal of a message to an SRS address whose sender is not null; else null. */
export function bouncesOnly({ sender, resolutions }: Pick<Mail, 'sender' | 'resolutions'>): Refusal | null {
  if (sender === null || resolutions.every((one) => reversedOf(one) === null)) return null
  const cause = `SRS address with sender <${sender}>`
  return refusal(550, '5.7.1', 'This address accepts bounces only, with the null sender', cause)
}

/** DATA has one reply for all recipients, so with a sender that will be refused an SRS address is the only recipient of its transaction. */
export function mixedWithSrs({ sender, transaction }: RecipientFacts, resolution: Resolution): Refused | null {
  const earlier = transaction.recipients
  if (sender === null || earlier.length === 0) return null
  const alone = bouncesOnly({ sender, resolutions: [resolution] })
  if (alone) return refuse(alone)
  if (earlier.every((one) => reversedOf(one.resolution) === null)) return null
  const cause = 'the transaction has an SRS address, whose message will be refused'
  return refuse(refusal(452, '4.5.3', 'Send this recipient in another transaction', cause))
}

/** Peers relay the bounces of many clients, which are limited where they connect. */
function tooMany(limits: SrsBounceLimits, { session, origin, resolutions }: Mail): Refusal | null {
  if (!session || origin.kind === 'peer') return null
  for (const reversed of resolutions.flatMap((one) => reversedOf(one) ?? [])) {
    const isFree = takeBoth(limits, reversed)
    const cause = `too many bounces to ${reversed.target}`
    if (!isFree) return refusal(450, '4.7.1', 'Too many bounces to this address, please try again later', cause)
    limits.hosts.delivered(session.remoteIp)
  }
  return null
}

/** What is refused is not counted: its retries would delay the bounces of the others. */
function takeBoth({ addresses, targets }: SrsBounceLimits, { address, target }: ReversedSrs): boolean {
  if (!addresses.take(address)) return false
  if (targets.take(target)) return true
  addresses.giveBack(address)
  return false
}

function reversedOf(resolution: Resolution): ReversedSrs | null {
  return (resolution.kind === 'destinations' && resolution.reversed) || null
}
