// Leaves of a walk to destinations: the reverse-path of each copy (SRS where it leaves for the world), duplicates merged.
// Room: route.

import { addressKey, parseAddress, printAddress } from '../directory/address.ts'
import { isTemporary } from '../smtp/reply.ts'
import type { Refusal } from '../smtp/reply.ts'
import { lookupFailed, senderTooLong } from './routing-replies.ts'
import type { Destination, Step } from './resolution.ts'
import { encodeSrs, isSrsDomain } from './srs/srs.ts'
import { encodeToken } from './srs/srs-token.ts'
import type { FinalTarget, FailedMember, ResolutionState } from './resolution-state.ts'

export interface RewrittenTargets {
  readonly destinations: readonly Destination[]
  readonly failedMembers: readonly FailedMember[]
}

/** The destinations, in the order found; those that cannot leave are answered as failedMembers. */
export async function rewriteSenders(state: ResolutionState): Promise<RewrittenTargets> {
  const destinations = new Map<string, Destination>()
  const failedMembers: FailedMember[] = [...state.failedMembers]
  for (const target of state.finalTargets) {
    const sender = await departingSender(state, target)
    if ('reply' in sender) {
      // Temporary: the whole mail has to come again, or this member would never get it.
      if (isTemporary(sender.reply))
        return { destinations: [], failedMembers: [{ reply: sender.reply, via: target.via }] }
      failedMembers.push({ reply: sender.reply, via: target.via })
      continue
    }
    const destination: Destination = {
      recipient: printAddress(target.address),
      original: state.request.forwardPath,
      reversePath: sender.reversePath,
      nextHop: target.nextHop,
      private: target.private,
      ...(target.forward ? { forward: target.forward } : {}),
      ...(target.handedOver ? { handedOver: target.handedOver } : {}),
      via: sender.step ? [...target.via, sender.step] : target.via,
    }
    const key = `${target.nextHop} ${mergeKey(state, target)}`
    const first = destinations.get(key)
    destinations.set(key, first ? merged(first, destination) : destination)
  }
  return { destinations: [...destinations.values()], failedMembers }
}

interface DepartingSender {
  readonly reversePath: string | null
  readonly step?: Step
}

async function departingSender(
  state: ResolutionState,
  target: FinalTarget,
): Promise<DepartingSender | { readonly reply: Refusal }> {
  const { reversePath, at } = state.request
  const { srs } = state.settings
  if (!srs?.rewrite || !target.leaves || reversePath === null) return { reversePath }
  const isOwn = (domain: string) => state.directory.domain(domain) !== undefined || isSrsDomain(domain, srs)
  const short = encodeSrs(reversePath, at, srs, isOwn)
  const made = short.kind === 'too-long' && srs.tokens ? await encodeToken(reversePath, at, srs, srs.tokens) : short
  if (made.kind === 'unavailable') return { reply: lookupFailed(made.cause) }
  if (made.kind === 'unchanged') return { reversePath }
  if (made.kind === 'too-long') return { reply: senderTooLong(`SRS of <${reversePath}> has ${made.octets} octets`) }
  const note = `${printAddress(target.address)} is foreign and so is the sender`
  return {
    reversePath: made.address,
    step: { rule: 'srs', from: reversePath, to: made.address, source: 'configuration', note },
  }
}

/** Our own local parts know no case; whether others' do is theirs to say (RFC 5321 2.4). */
function mergeKey(state: ResolutionState, target: FinalTarget): string {
  return state.directory.domain(target.address.domain) ? addressKey(target.address) : printAddress(target.address)
}

function merged(first: Destination, second: Destination): Destination {
  const way = second.via.findLast((step) => parseAddress(step.to) !== null && step.rule !== 'srs')
  if (!way) return first
  const step: Step = { rule: 'merge', from: way.from, to: first.recipient, source: way.source }
  return { ...first, private: first.private && second.private, via: [...first.via, step] }
}
