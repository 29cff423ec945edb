// The router: one forward-path in, its destinations out, with every step and its source.
// Room: route. RFC 5321 3.6.1, 3.7, 4.5.1, 5.1. Never an open relay: what is not ours is refused unless the role relays for
// the origin, and no address syntax (source route, %, !, quoted @, literal) chooses a next hop.

import { isPublicName, normalDomain, parseAddress } from '../directory/address.ts'
import type { Directory } from '../directory/directory.ts'
import type { Mailbox } from '../smtp/mailbox.ts'
import { isTemporary } from '../smtp/reply.ts'
import { rewriteSenders } from './rewrite-senders.ts'
import { addNextHopTarget, toWorld } from './expand.ts'
import { resolveAddress } from './resolve-address.ts'
import {
  badDomain,
  badSyntax,
  looping,
  lookupFailed,
  relayDenied,
  unknownAddress,
  unknownYet,
} from './routing-replies.ts'
import type { Resolution, ResolveRequest, Router } from './resolution.ts'
import { isSrsRecipient, reverseSrs } from './reverse-srs.ts'
import type { RouterSettings } from './router-settings.ts'
import { maySendAs } from './send-as.ts'
import { isSrsDomain } from './srs/srs.ts'
import type { AddressResult, ResolutionState } from './resolution-state.ts'

/** Makes a router. `directory` answers the data of the moment, so that a reload swaps it whole between two resolutions. */
export function createRouter(settings: RouterSettings, directory: () => Directory): Router {
  if ((settings.relayFor as readonly string[]).includes('internet'))
    throw new RangeError('nobody relays for the internet')
  return {
    resolve: (request) => resolve(settings, directory(), request),
    isOurs: (domain) => {
      const name = normalDomain(domain)
      return name !== null && isOurs(settings, directory(), name)
    },
    maySendAs: (who, address) => maySendAs(directory(), settings, who, address),
  }
}

async function resolve(settings: RouterSettings, directory: Directory, request: ResolveRequest): Promise<Resolution> {
  const state: ResolutionState = {
    request,
    settings,
    directory,
    finalTargets: [],
    finalTargetsByAddress: new Map(),
    failedMembers: [],
    visited: new Map(),
    resolveAddress,
  }
  const address = readForwardPath(request.forwardPath, directory)
  if (!address) return { kind: 'refused', reply: badSyntax(`<${request.forwardPath}> is no mailbox`), via: [] }
  const placed = isOurs(settings, directory, address.domain) ? await toUs(state, address) : toOthers(state, address)
  return await conclude(state, placed)
}

/** `postmaster` needs no domain (RFC 5321 4.5.1). */
function readForwardPath(text: string, directory: Directory): Mailbox | null {
  if (text.toLowerCase() === 'postmaster') return { local: 'postmaster', domain: directory.mainDomain }
  return parseAddress(text)
}

function isOurs(settings: RouterSettings, directory: Directory, domain: string): boolean {
  return directory.domain(domain) !== undefined || (settings.srs !== undefined && isSrsDomain(domain, settings.srs))
}

async function toUs(state: ResolutionState, address: Mailbox): Promise<AddressResult> {
  if (state.settings.own === 'relay-to-mx') {
    const nextHop = state.settings.nextHops?.own ?? 'peers:mx'
    return addNextHopTarget(
      state,
      { address, nextHop, leaves: false, private: false, via: [] },
      'our domain: resolved there',
    )
  }
  const { srs } = state.settings
  if (isSrsRecipient(address, srs)) return await reverseSrs(state, address, srs)
  return await resolveAddress(state, { address, via: [], owner: null, chain: [] })
}

function toOthers(state: ResolutionState, address: Mailbox): AddressResult {
  const { kind } = state.request.origin
  if (!state.settings.relayFor.some((each) => each === kind)) {
    return { kind: 'refused', reply: relayDenied(`${address.domain} is not ours and the origin is ${kind}`), via: [] }
  }
  if (!isPublicName(address.domain)) {
    return { kind: 'refused', reply: badDomain(`${address.domain} is no name of the public DNS`), via: [] }
  }
  return toWorld(state, { address, via: [], owner: null, chain: [] })
}

async function conclude(state: ResolutionState, answer: AddressResult): Promise<Resolution> {
  switch (answer.kind) {
    case 'resolved':
      return await destinations(state)
    case 'discarded':
      return { kind: 'discard', reason: answer.reason, via: answer.via }
    case 'refused':
      return { kind: 'refused', reply: answer.reply, via: answer.via }
    case 'unavailable':
      return { kind: 'unavailable', reply: lookupFailed(answer.cause), via: answer.via }
    case 'unknown': {
      const defer = state.settings.unknownFromPeer === 'defer' && state.request.origin.kind === 'peer'
      return defer
        ? { kind: 'unavailable', reply: unknownYet(answer.cause), via: answer.via }
        : { kind: 'refused', reply: unknownAddress(answer.cause), via: answer.via }
    }
  }
}

async function destinations(state: ResolutionState): Promise<Resolution> {
  const { destinations: found, failedMembers } = await rewriteSenders(state)
  const [first] = failedMembers
  if (found.length === 0) {
    const reply = first?.reply ?? looping('no destination is left')
    return { kind: isTemporary(reply) ? 'unavailable' : 'refused', reply, via: first?.via ?? [] }
  }
  return failedMembers.length === 0
    ? { kind: 'destinations', destinations: found }
    : { kind: 'destinations', destinations: found, failedMembers }
}
