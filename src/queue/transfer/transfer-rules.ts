// What a peer may bring into this queue: next hops that this node uses itself, times that can be true, and no more rights for a message than
// the peer could give it over SMTP.

import type { Origin } from '../../smtp/origin.ts'
import { parseNextHop } from '../../smtp/nexthop.ts'
import type { TransferHead } from './transfer-head.ts'

/** A node that the listener knows by its certificate. */
export interface TransferPeer {
  readonly role: string
  readonly host: string
  /** Whether it may put its queue into this one, and whether it may ask for status and traces. */
  readonly mayTransfer: boolean
  readonly mayView: boolean
  /** Whether it may also search for addresses; absent: it may not. */
  readonly maySearch?: boolean
}

export interface TransferRules {
  /** The roles of `peers`: destinations `peers:ROLE`, and roles of origins. */
  readonly roles: ReadonlySet<string>
  /** Origins that a listener of this node can give. */
  readonly origins: ReadonlySet<Origin['kind']>
  /** The mail that this node may send to MX hosts; `bounces` means with the null sender only. */
  readonly internet: 'always' | 'bounces' | 'never'
  /** The hosts and sockets that the configuration and the routing data name, in the form of formatNextHop. They change with a reload. */
  readonly nextHops: () => ReadonlySet<string>
  /** Largest body, octets. */
  readonly messageSize: number
}

/** Difference of two clocks that is accepted. */
const CLOCK_SKEW_MS = 3_600_000
/** Longest time that a message can stay in a queue: more than any `queue.lifetime` that makes sense. */
const MOST_LIFETIME_MS = 100 * 86_400_000

/** Why the message cannot be accepted, as a sentence; null if it can. `now` is unix milliseconds. */
export function transferProblem(head: TransferHead, rules: TransferRules, now: number): string | null {
  if (head.arrivedAt > now + CLOCK_SKEW_MS) return 'it arrived in the future: compare the clocks of both nodes'
  if (head.expiresAt > now + MOST_LIFETIME_MS) return 'it expires too late'
  if (head.bodySize > rules.messageSize)
    return `its body has ${head.bodySize} octets, and limits.message_size of this node is ${rules.messageSize}`
  const fixed = rules.nextHops()
  for (const { nextHop, reversePath, address } of head.recipients) {
    const isBounce = head.sender === null && reversePath === null
    const problem = hopProblem(nextHop, { rules, fixed, isBounce })
    if (problem !== null) return `recipient ${address}: ${problem}`
  }
  return null
}

interface HopFacts {
  readonly rules: TransferRules
  readonly fixed: ReadonlySet<string>
  readonly isBounce: boolean
}

/** A peer must not choose hosts and ports: they come from the configuration and the routing data of this node. */
function hopProblem(text: string, { rules, fixed, isBounce }: HopFacts): string | null {
  const hop = parseNextHop(text)
  if (fixed.has(text)) return null
  if (hop?.kind === 'peers')
    return rules.roles.has(hop.role) ? null : `the next hop ${text} has no peers in the configuration of this node`
  if (hop?.kind !== 'mx' || text !== `mx:${hop.domain}`)
    return `the next hop ${text} is not in the configuration or the routing data of this node`
  const mayGo = rules.internet === 'always' || (rules.internet === 'bounces' && isBounce)
  return mayGo ? null : `the role of this node does not send such mail to the internet (next hop ${text})`
}

/**
 * The origin that the message gets here: its own if a listener of this node could give it, else that of mail for which the peer vouches.
 * Signing, limits and bounces depend on it, so it never becomes more than over SMTP.
 */
export function transferredOrigin(origin: Origin, rules: TransferRules, from: Pick<TransferPeer, 'role'>): Origin {
  if (origin.kind === 'internet') return origin
  if (origin.kind === 'peer') return rules.roles.has(origin.role) ? origin : { ...origin, role: from.role }
  return rules.origins.has(origin.kind) ? origin : { kind: 'peer', role: from.role, vouched: 'authenticated' }
}
