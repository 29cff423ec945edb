// Bounces on their way home: a recipient at our SRS domain is turned back into the sender whom we rewrote.
// Room: route. Only for the null sender: anything else would make an SRS address a private way through us for everybody.

import { isPublicName, parseAddress, printAddress } from '../directory/address.ts'
import type { Mailbox } from '../smtp/mailbox.ts'
import { addLeaf } from './expand.ts'
import { badDomain, bouncesOnly, unknownAddress } from './routing-replies.ts'
import type { Step } from './resolution.ts'
import type { SrsRole } from './router-settings.ts'
import { decodeSrs, isSrs, isSrsDomain } from './srs/srs.ts'
import { tokenIn } from './srs/srs-token.ts'
import type { Placed, Walk } from './resolution-state.ts'

/** True for an address that only SRS can answer. */
export function isReverse(address: Mailbox, srs: SrsRole | undefined): srs is SrsRole {
  return srs !== undefined && isSrsDomain(address.domain, srs) && isSrs(address.local)
}

/** Turns the address back, or says why not (550 5.1.1: wrong hash, expired). */
export async function reverse(walk: Walk, address: Mailbox, srs: SrsRole): Promise<Placed> {
  const from = printAddress(address)
  if (!srs.reverse && !srs.tokens) return { kind: 'unknown', via: [], cause: 'this node turns no SRS addresses back' }
  if (walk.request.reversePath !== null) {
    return { kind: 'refused', reply: bouncesOnly(`SRS address from <${walk.request.reversePath}>`), via: [] }
  }
  const decoded = decodeSrs(from, walk.request.at, srs)
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
  if (token !== null) return await byToken(walk, address, { srs, token, step })
  return await sendHome(walk, parseAddress(decoded.address) as Mailbox, srs, step)
}

/** The store knows what a token means on the node that wrote it; others hand the bounce to where senders are rewritten. */
async function byToken(
  walk: Walk,
  address: Mailbox,
  by: { readonly srs: SrsRole; readonly token: string; readonly step: Step },
): Promise<Placed> {
  if (!by.srs.tokens) {
    const nextHop = walk.settings.nextHops?.forwards ?? 'peers:srs'
    const note = 'a token: the nodes there know the sender'
    return addLeaf(walk, { address, nextHop, leaves: false, private: false, via: [] }, note)
  }
  const sender = await by.srs.tokens.find(by.token)
  const target = sender === null ? null : parseAddress(sender)
  if (!target) return { kind: 'unknown', via: [], cause: `SRS token ${by.token} is not kept here` }
  return await sendHome(walk, target, by.srs, { ...by.step, to: printAddress(target), note: 'a token of ours' })
}

async function sendHome(walk: Walk, target: Mailbox, srs: SrsRole, step: Step): Promise<Placed> {
  // Former data may have rewritten what has become ours since: it is resolved as such, but never reversed twice.
  if (walk.directory.domain(target.domain)) {
    return await walk.place(walk, { address: target, via: [step], owner: null, chain: [] })
  }
  if (isReverse(target, srs) || !isPublicName(target.domain)) {
    return { kind: 'refused', reply: badDomain(`SRS leads to ${step.to}`), via: [step] }
  }
  const nextHop = walk.settings.nextHops?.world ?? `mx:${target.domain}`
  return addLeaf(walk, { address: target, nextHop, leaves: false, private: false, via: [step] })
}
