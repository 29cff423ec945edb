// Bounces on their way home: a recipient at our SRS domain is turned back into the sender whom we rewrote.
// Room: route. Only for the null sender: anything else would make an SRS address a private way through us for everybody.

import { isPublicName, parseAddress, printAddress } from '../directory/address.ts'
import type { Mailbox } from '../smtp/mailbox.ts'
import { addNextHopTarget } from './expand.ts'
import { badDomain, bouncesOnly, unknownAddress } from './routing-replies.ts'
import type { Step } from './resolution.ts'
import type { SrsRole } from './router-settings.ts'
import { decodeSrs, isSrs, isSrsDomain } from './srs/srs.ts'
import { tokenIn } from './srs/srs-token.ts'
import type { AddressResult, ResolutionState } from './resolution-state.ts'

/** True for an address that only SRS can answer. */
export function isSrsRecipient(address: Mailbox, srs: SrsRole | undefined): srs is SrsRole {
  return srs !== undefined && isSrsDomain(address.domain, srs) && isSrs(address.local)
}

/** Turns the address back, or says why not (550 5.1.1: wrong hash, expired). */
export async function reverseSrs(state: ResolutionState, address: Mailbox, srs: SrsRole): Promise<AddressResult> {
  const from = printAddress(address)
  if (!srs.reverse && !srs.tokens) return { kind: 'unknown', via: [], cause: 'this node turns no SRS addresses back' }
  if (state.request.reversePath !== null) {
    return { kind: 'refused', reply: bouncesOnly(`SRS address from <${state.request.reversePath}>`), via: [] }
  }
  const decoded = decodeSrs(from, state.request.at, srs)
  if (decoded.kind !== 'decoded') {
    const cause = decoded.kind === 'refused' ? decoded.reason : decoded.kind
    return { kind: 'refused', reply: unknownAddress(`SRS: ${cause}`), via: [] }
  }
  const step: Step = {
    rule: 'srs-reverse',
    from,
    to: decoded.address,
    source: 'configuration',
    note: `${decoded.scheme} of ours, hash and age are right`,
  }
  const token = tokenIn(decoded)
  if (token !== null) return await byToken(state, address, { srs, token, step })
  return await sendHome(state, parseAddress(decoded.address) as Mailbox, srs, step)
}

/** The store knows what a token means on the node that wrote it; others hand the bounce to where senders are rewritten. */
async function byToken(
  state: ResolutionState,
  address: Mailbox,
  by: { readonly srs: SrsRole; readonly token: string; readonly step: Step },
): Promise<AddressResult> {
  if (!by.srs.tokens) {
    const nextHop = state.settings.nextHops?.forwards ?? 'peers:srs'
    const note = 'a token: the nodes there know the sender'
    return addNextHopTarget(state, { address, nextHop, leaves: false, private: false, via: [] }, note)
  }
  const sender = await by.srs.tokens.find(by.token)
  const target = sender === null ? null : parseAddress(sender)
  if (!target) return { kind: 'unknown', via: [], cause: `SRS token ${by.token} is not kept here` }
  return await sendHome(state, target, by.srs, { ...by.step, to: printAddress(target), note: 'a token of ours' })
}

async function sendHome(state: ResolutionState, target: Mailbox, srs: SrsRole, step: Step): Promise<AddressResult> {
  // Former data may have rewritten what has become ours since: it is resolved as such, but never reversed twice.
  if (state.directory.domain(target.domain)) {
    return await state.resolveAddress(state, { address: target, via: [step], owner: null, chain: [] })
  }
  if (isSrsRecipient(target, srs) || !isPublicName(target.domain)) {
    return { kind: 'refused', reply: badDomain(`SRS leads to ${step.to}`), via: [step] }
  }
  const nextHop = state.settings.nextHops?.world ?? `mx:${target.domain}`
  return addNextHopTarget(state, { address: target, nextHop, leaves: false, private: false, via: [step] })
}
