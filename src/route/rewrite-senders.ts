// From final targets to destinations: the reverse-path of each (by SRS where it leaves for a foreign host), duplicates merged.

import { addressKey, parseAddress, printAddress, splitTag } from '../directory/address.ts'
import { isTemporary } from '../smtp/reply.ts'
import type { Refusal } from '../smtp/reply.ts'
import type { Destination, RewrittenSender, Step } from './resolution.ts'
import type { FailedMember, FinalTarget, ResolutionState } from './resolution-state.ts'
import type { SrsRole } from './router-settings.ts'
import { lookupFailed, senderTooLong } from './routing-replies.ts'
import { encodeSrs, isSrsDomain } from './srs/srs.ts'
import { encodeToken } from './srs/srs-token.ts'
import type { TokenEncoded } from './srs/srs-token.ts'

export interface RewrittenTargets {
  readonly destinations: readonly Destination[]
  readonly failedMembers: readonly FailedMember[]
}

/** The destinations in the order of the final targets. A target whose sender cannot be rewritten becomes a failed member. */
export async function rewriteSenders(state: ResolutionState): Promise<RewrittenTargets> {
  const destinations = new Map<string, Destination>()
  const mailboxOf = mailboxNames(state)
  const failedMembers: FailedMember[] = [...state.failedMembers]
  const refused = tokenRefusal(state)
  if (refused) return { destinations: [], failedMembers: [refused] }
  for (const target of state.finalTargets) {
    const sender = await senderFor(state, target)
    if ('reply' in sender) {
      const failed = { reply: sender.reply, via: target.via }
      // Temporary: the client must send the whole message again, or this member would never get it.
      if (isTemporary(sender.reply)) return { destinations: [], failedMembers: [failed] }
      failedMembers.push(failed)
      continue
    }
    const mailbox = mailboxOf(target)
    const destination: Destination = {
      recipient: printAddress(target.address),
      mailbox,
      original: state.request.forwardPath,
      reversePath: sender.reversePath,
      nextHop: target.nextHop,
      private: target.private,
      ...(target.forward ? { forward: target.forward } : {}),
      ...(target.relayedForwards ? { relayedForwards: target.relayedForwards } : {}),
      via: sender.step ? [...target.via, sender.step] : target.via,
    }
    const first = destinations.get(mailbox)
    destinations.set(mailbox, first ? merged(first, destination) : destination)
  }
  return { destinations: [...destinations.values()], failedMembers }
}

/** A sender that is too long for SRS takes a token of this node, or of the srs node that forwards the message. */
function tokenRefusal({ request, settings, finalTargets }: ResolutionState): FailedMember | null {
  const { reversePath, at, meter } = request
  const { srs } = settings
  if (!srs || !meter || reversePath === null) return null
  const forwarded = finalTargets.find((one) => one.relayedForwards !== undefined || (srs.rewrite && one.leaves))
  if (!forwarded || encodeSrs(reversePath, at, srs).kind !== 'too-long') return null
  const reply = meter.addToken(reversePath)
  return reply && { reply, via: forwarded.via }
}

interface Sender {
  readonly reversePath: string | null
  readonly step?: Step
}

async function senderFor(state: ResolutionState, target: FinalTarget): Promise<Sender | { readonly reply: Refusal }> {
  const { reversePath, at } = state.request
  const { srs } = state.settings
  if (!srs?.rewrite || !target.leaves || reversePath === null) return { reversePath }
  const isOwn = (domain: string) => state.directory.domain(domain) !== undefined || isSrsDomain(domain, srs)
  const encoded = await encode(reversePath, at, srs, isOwn)
  if (encoded.kind === 'unavailable') return { reply: lookupFailed(encoded.cause) }
  if (encoded.kind === 'unchanged') return { reversePath }
  if (encoded.kind === 'too-long') {
    return { reply: senderTooLong(`SRS of <${reversePath}> has ${encoded.octets} octets`) }
  }
  const note = `sender and ${printAddress(target.address)} are both foreign`
  const step: Step = { rule: 'srs', from: reversePath, to: encoded.address, source: 'configuration', note }
  return { reversePath: encoded.address, step }
}

async function encode(
  sender: string,
  at: number,
  srs: SrsRole,
  isOwn: (domain: string) => boolean,
): Promise<TokenEncoded> {
  const plain = encodeSrs(sender, at, srs, isOwn)
  return plain.kind === 'too-long' && srs.tokens ? encodeToken(sender, at, srs, srs.tokens) : plain
}

/** The SRS form of a sender, also of one of our domains. */
export async function rewriteAnySender(sender: string, at: number, srs: SrsRole | undefined): Promise<RewrittenSender> {
  if (!srs?.rewrite) return { kind: 'unchanged' }
  return encode(sender, at, srs, () => false)
}

/**
 * A foreign address is one mailbox, on whichever path a copy leaves; one of ours can have a mailbox at each transport. Our local parts are
 * case-insensitive; foreign ones may not be (RFC 5321 2.4).
 */
function mailboxNames(state: ResolutionState): (target: FinalTarget) => string {
  const { directory, settings } = state
  /** By address and next hop: a group can reach one with its own tag and with that of the group, which would be two names of a mailbox. */
  const known = new Map<string, string>()
  return ({ address, nextHop, hasGroupTag }) => {
    const split = hasGroupTag ? splitTag(address.local, settings.tagDelimiter ?? '+') : null
    const mailbox = split ? { local: split.base, domain: address.domain } : address
    if (!directory.domain(address.domain)) return printAddress(mailbox)
    const place = `${addressKey(address)} ${nextHop}`
    const name = known.get(place) ?? `${addressKey(mailbox)} ${nextHop}`
    known.set(place, name)
    return name
  }
}

function merged(first: Destination, second: Destination): Destination {
  const last = second.via.findLast((step) => parseAddress(step.to) !== null && step.rule !== 'srs')
  if (!last) return first
  const step: Step = { rule: 'merge', from: last.from, to: first.recipient, source: last.source }
  return { ...first, private: first.private && second.private, via: [...first.via, step] }
}
