// Resolves one forward-path to its destinations, with every step and its source (RFC 5321 3.6.1, 3.7, 4.5.1, 5.1). Never an open relay:
// a foreign address is refused unless the role relays for the origin, and no address syntax (source route, %, !, quoted @, literal)
// chooses a next hop.

import { isPublicName, normalDomain, parseAddress } from '../directory/address.ts'
import type { Directory } from '../directory/directory.ts'
import { createTurns } from '../lib/turns.ts'
import type { Mailbox } from '../smtp/mailbox.ts'
import { isTemporary } from '../smtp/reply.ts'
import { createOwnNames } from './own-names.ts'
import { rewriteAnySender, rewriteSenders } from './rewrite-senders.ts'
import { addNextHopTarget, leaveDomains } from './expand.ts'
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
import type { OwnNames, Resolution, ResolveRequest, Router } from './resolution.ts'
import { isSrsRecipient, reverseSrs } from './reverse-srs.ts'
import type { RouterSettings } from './router-settings.ts'
import { maySendAs, recipientLimit } from './send-as.ts'
import { isSrsDomain } from './srs/srs.ts'
import type { AddressResult, ResolutionState } from './resolution-state.ts'

/** Addresses that all resolutions together follow in one turn of the event loop: about a millisecond. */
const STEPS_PER_TURN = 50

/** `directory` returns the current data: a reload replaces it between two resolutions, never within one. */
export function createRouter(settings: RouterSettings, directory: () => Directory): Router {
  if ((settings.relayFor as readonly string[]).includes('internet')) {
    throw new RangeError('relayFor must not contain "internet": the node would be an open relay')
  }
  const turns = createTurns(STEPS_PER_TURN)
  let names: { readonly of: Directory; readonly names: OwnNames } | null = null
  return {
    ownNames: () => {
      const of = directory()
      if (names?.of !== of) names = { of, names: createOwnNames(of, settings) }
      return names.names
    },
    rewriteSender: (sender, at) => rewriteAnySender(sender, at, settings.srs),
    resolve: (request) => resolve({ settings, turns, directory: directory() }, request),
    isOurs: (domain) => {
      const name = normalDomain(domain)
      return name !== null && isOurs(settings, directory(), name)
    },
    maySendAs: (identity, address) => maySendAs(directory(), settings, identity, address),
    recipientLimit: (identity, address) => recipientLimit(settings, identity, address),
  }
}

async function resolve(
  parts: Pick<ResolutionState, 'settings' | 'directory' | 'turns'>,
  request: ResolveRequest,
): Promise<Resolution> {
  const { settings, directory } = parts
  const state: ResolutionState = {
    ...parts,
    request,
    finalTargets: [],
    finalTargetsByAddress: new Map(),
    failedMembers: [],
    reversed: null,
    visited: new Map(),
    resolveAddress,
  }
  const address = readForwardPath(request.forwardPath, directory)
  if (!address) return { kind: 'refused', reply: badSyntax(`<${request.forwardPath}> is not a valid address`), via: [] }
  const isOurDomain = isOurs(settings, directory, address.domain)
  return await conclude(state, isOurDomain ? await resolveOurs(state, address) : resolveForeign(state, address))
}

/** `postmaster` needs no domain (RFC 5321 4.5.1). */
function readForwardPath(text: string, directory: Directory): Mailbox | null {
  if (text.toLowerCase() === 'postmaster') return { local: 'postmaster', domain: directory.mainDomain }
  return parseAddress(text)
}

function isOurs(settings: RouterSettings, directory: Directory, domain: string): boolean {
  return directory.domain(domain) !== undefined || (settings.srs !== undefined && isSrsDomain(domain, settings.srs))
}

async function resolveOurs(state: ResolutionState, address: Mailbox): Promise<AddressResult> {
  if (state.settings.own === 'relay-to-mx') {
    const nextHop = state.settings.nextHops?.own ?? 'peers:mx'
    const target = { address, nextHop, leaves: false, private: false, via: [] }
    return addNextHopTarget(state, target, 'our domain: the next hop resolves it')
  }
  const { srs } = state.settings
  if (isSrsRecipient(address, srs)) return await reverseSrs(state, address, srs)
  return await resolveAddress(state, { address, via: [], owner: null, chain: [] })
}

function resolveForeign(state: ResolutionState, address: Mailbox): AddressResult {
  const { kind } = state.request.origin
  if (!state.settings.relayFor.some((each) => each === kind)) {
    return {
      kind: 'refused',
      reply: relayDenied(`${address.domain} is not a domain of ours, and origin ${kind} may not relay`),
      via: [],
    }
  }
  if (!isPublicName(address.domain)) {
    return { kind: 'refused', reply: badDomain(`${address.domain} is not a public domain name`), via: [] }
  }
  return leaveDomains(state, { address, via: [], owner: null, chain: [] })
}

async function conclude(state: ResolutionState, result: AddressResult): Promise<Resolution> {
  switch (result.kind) {
    case 'resolved':
      return await destinations(state)
    case 'discarded':
      return { kind: 'discard', reason: result.reason, via: result.via }
    case 'refused':
      return { kind: 'refused', reply: result.reply, via: result.via }
    case 'unavailable':
      return { kind: 'unavailable', reply: result.reply ?? lookupFailed(result.cause), via: result.via }
    case 'unknown': {
      const defer = state.settings.unknownFromPeer === 'defer' && state.request.origin.kind === 'peer'
      return defer
        ? { kind: 'unavailable', reply: unknownYet(result.cause), via: result.via }
        : { kind: 'refused', reply: unknownAddress(result.cause), via: result.via }
    }
  }
}

async function destinations(state: ResolutionState): Promise<Resolution> {
  const { destinations: found, failedMembers } = await rewriteSenders(state)
  const [first] = failedMembers
  if (found.length === 0) {
    const reply = first?.reply ?? looping('no destination remains')
    return { kind: isTemporary(reply) ? 'unavailable' : 'refused', reply, via: first?.via ?? [] }
  }
  return {
    kind: 'destinations',
    destinations: found,
    ...(failedMembers.length > 0 ? { failedMembers } : {}),
    ...(state.reversed ? { reversed: state.reversed } : {}),
  }
}
