// Bounces to our SRS addresses: the recipient is decoded to the sender of the forwarded message. A message with another sender is refused
// after its data (policy/checks/srs-bounces.ts), because SRS addresses would otherwise relay anyone's mail. RCPT is answered for any
// sender: some mail hosts verify senders by a RCPT with their own address as sender.

import { isPublicName, parseAddress, printAddress } from '../directory/address.ts'
import type { Mailbox } from '../smtp/mailbox.ts'
import { addNextHopTarget } from './expand.ts'
import type { Step } from './resolution.ts'
import type { AddressResult, ResolutionState } from './resolution-state.ts'
import type { SrsRole } from './router-settings.ts'
import { badDomain, unknownAddress } from './routing-replies.ts'
import { decodeSrs, isSrs, isSrsDomain } from './srs/srs.ts'
import { tokenIn } from './srs/srs-token.ts'

/** True for an SRS address in one of our SRS domains. */
export function isSrsRecipient(address: Mailbox, srs: SrsRole | undefined): srs is SrsRole {
  return srs !== undefined && isSrsDomain(address.domain, srs) && isSrs(address.local)
}

/** Decodes the address and routes the bounce to the original sender; refused (550 5.1.1) if the hash is wrong or the address expired. */
export async function reverseSrs(state: ResolutionState, address: Mailbox, srs: SrsRole): Promise<AddressResult> {
  const from = printAddress(address)
  if (!srs.reverse && !srs.tokens) {
    return { kind: 'unknown', via: [], cause: 'this node does not reverse SRS addresses' }
  }
  const decoded = decodeSrs(from, state.request.at, srs)
  if (decoded.kind !== 'decoded') {
    const cause = decoded.kind === 'refused' ? decoded.reason : decoded.kind
    return { kind: 'refused', reply: unknownAddress(`SRS: ${cause}`), via: [] }
  }
  state.reversed = { address: withoutHash(address), target: decoded.address.toLowerCase() }
  const note = `valid ${decoded.scheme} address of ours`
  const step: Step = { rule: 'srs-reverse', from, to: decoded.address, source: 'configuration', note }
  const token = tokenIn(decoded)
  if (token !== null) return await reverseToken(state, address, { srs, token, step })
  return await routeBounce(state, parseAddress(decoded.address) as Mailbox, srs, step)
}

/** Only the node that wrote a token stores its sender; a node without a store relays the bounce to the srs node. */
async function reverseToken(
  state: ResolutionState,
  address: Mailbox,
  { srs, token, step }: { readonly srs: SrsRole; readonly token: string; readonly step: Step },
): Promise<AddressResult> {
  if (!srs.tokens) {
    const nextHop = state.settings.nextHops?.forwards ?? 'peers:srs'
    const note = 'SRS token: the next hop stores its sender'
    return addNextHopTarget(state, { address, nextHop, leaves: false, private: false, via: [] }, note)
  }
  const sender = await srs.tokens.find(token).catch((error: unknown) => error as Error)
  if (sender instanceof Error) return { kind: 'unavailable', cause: `SRS token store: ${sender.message}`, via: [step] }
  const target = sender === null ? null : parseAddress(sender)
  if (!target) return { kind: 'unknown', via: [], cause: `SRS token ${token} is not stored on this node` }
  return await routeBounce(state, target, srs, { ...step, to: printAddress(target), note: 'SRS token of this node' })
}

function withoutHash({ local }: Mailbox): string {
  return local.toLowerCase().replace(/^(srs[01][=+-])[^=]*/, '$1')
}

async function routeBounce(state: ResolutionState, target: Mailbox, srs: SrsRole, step: Step): Promise<AddressResult> {
  // The sender's domain may have become ours since: it is resolved as ours, but not reversed a second time.
  if (state.directory.domain(target.domain)) {
    return await state.resolveAddress(state, { address: target, via: [step], owner: null, chain: [] })
  }
  if (isSrsRecipient(target, srs) || !isPublicName(target.domain)) {
    return { kind: 'refused', reply: badDomain(`SRS address decodes to ${step.to}`), via: [step] }
  }
  const nextHop = state.settings.nextHops?.world ?? `mx:${target.domain}`
  return addNextHopTarget(state, { address: target, nextHop, leaves: false, private: false, via: [step] })
}
