// Follows the targets of one entry: targets in our domains are resolved in turn, foreign ones leave or are relayed to the srs node.

import { addressKey, isPublicName, printAddress, splitTag } from '../directory/address.ts'
import { EXPANSION_LIMIT } from '../directory/directory.ts'
import type { TargetEntry } from '../directory/directory.ts'
import type { Mailbox } from '../smtp/mailbox.ts'
import { termsFor, wantedBelow } from './forward-terms.ts'
import type { Rule, Step } from './resolution.ts'
import { addFinalTarget, resolved } from './resolution-state.ts'
import type { AddressResult, Branch, FinalTarget, Owner, ResolutionState } from './resolution-state.ts'
import { badDomain, tooMany, unknownAddress } from './routing-replies.ts'

export interface Expansion {
  readonly entry: TargetEntry
  /** Null for entries without an address (catch-all, rewrite, fallback): they cannot keep a copy for themselves. */
  readonly owner: Owner | null
  readonly tag: string | null
  readonly rule: Rule
  readonly note?: string
  /** False where the next node must not resolve the address again (copies). */
  readonly whole?: boolean
}

/** Follows all targets; resolved if one is. Targets that cannot be resolved are recorded and do not stop the others. */
export async function expand(state: ResolutionState, branch: Branch, expansion: Expansion): Promise<AddressResult> {
  const { entry, owner } = expansion
  const targets = entry.targets.map((target) => withTag(state, target, expansion))
  const isGroup = targets.length > 1 || branch.hasGroupTag === true
  const foreign = targets.filter((target) => !isOurs(state, target))
  if (targets.length > 0 && foreign.length === targets.length && relaysWhole(state, expansion)) {
    return relayUnresolved(state, branch, expansion)
  }
  // Both keys: `kim+x` has its entry under `kim`, and either may occur again.
  const chain = [...branch.chain, addressKey(branch.address), ...(owner ? [owner.key] : [])]
  const results: AddressResult[] = []
  for (const [place, target] of targets.entries()) {
    const via = [...branch.via, stepTo(branch, target, expansion)]
    // A tag that the data write themselves chooses a mailbox, such as one folder for each list.
    const hasGroupTag = isGroup && target !== entry.targets[place]
    const next: Branch = { address: target, via, owner, chain, hasGroupTag, ...wantedBelow(branch, entry) }
    const result = isOurs(state, target) ? await state.resolveAddress(state, next) : leaveDomains(state, next)
    if (result.kind === 'unavailable') return result
    results.push(result)
  }
  return combineResults(state, branch, results)
}

/** Ends a branch at a foreign address: at its MX hosts, or at the srs node for a forward. Without steps it was the forward-path itself. */
export function leaveDomains(state: ResolutionState, branch: Branch): AddressResult {
  const { address, via, hasGroupTag = false, ...wanted } = branch
  if (!isPublicName(address.domain)) {
    return { kind: 'refused', reply: badDomain(`${address.domain} is not a public domain name`), via }
  }
  const isForward = via.length > 0
  const hops = state.settings.nextHops
  const isRelayed = isForward && state.settings.forwards === 'relay-to-srs'
  const nextHop = isRelayed ? (hops?.forwards ?? 'peers:srs') : (hops?.world ?? `mx:${address.domain}`)
  // A foreign address from a fleet node was an alias target there, so bounces must not name it either.
  const isPrivate = isForward || state.request.origin.kind === 'peer'
  const terms = termsFor(state.directory, wanted, address.domain)
  const forward = isRelayed ? { relayedForwards: [terms] } : isPrivate ? { forward: terms } : {}
  const target = { address, nextHop, leaves: !isRelayed, private: isPrivate, ...forward, hasGroupTag, via }
  return addNextHopTarget(state, target, isRelayed ? 'the next hop forwards it' : undefined)
}

/** Adds a final target with its next-hop step, within the limit. */
export function addNextHopTarget(state: ResolutionState, target: FinalTarget, note?: string): AddressResult {
  if (state.finalTargets.length >= EXPANSION_LIMIT) {
    return { kind: 'refused', reply: tooMany(`more than ${EXPANSION_LIMIT} destinations`), via: target.via }
  }
  const source = target.nextHop.startsWith('mx:') ? 'RFC 5321 5.1' : 'configuration'
  const step: Step = { rule: 'next-hop', from: printAddress(target.address), to: target.nextHop, source }
  return addFinalTarget(state, { ...target, via: [...target.via, note === undefined ? step : { ...step, note }] })
}

function relaysWhole(state: ResolutionState, expansion: Expansion): boolean {
  return state.settings.forwards === 'relay-to-srs' && expansion.whole !== false
}

/** The srs node gets our own address and resolves it the same way, so that the foreign targets are not on the wire. */
function relayUnresolved(state: ResolutionState, branch: Branch, { entry, rule }: Expansion): AddressResult {
  const { address } = branch
  const nextHop = state.settings.nextHops?.forwards ?? 'peers:srs'
  const name = printAddress(address)
  const note = `all targets are foreign: ${nextHop} resolves the address`
  const step: Step = { rule: rule === 'alias' ? 'forward' : rule, from: name, to: name, source: entry.source, note }
  const domains = [...new Set(entry.targets.map((target) => target.domain))]
  const wanted = wantedBelow(branch, entry)
  const relayedForwards = domains.map((domain) => termsFor(state.directory, wanted, domain))
  const via = [...branch.via, step]
  const hasGroupTag = branch.hasGroupTag === true || entry.targets.length > 1
  return addNextHopTarget(state, { address, nextHop, leaves: false, private: true, relayedForwards, hasGroupTag, via })
}

/** One result for a group: resolved if any member is. */
function combineResults(state: ResolutionState, branch: Branch, results: readonly AddressResult[]): AddressResult {
  const failures = results.filter((result) => result.kind === 'refused' || result.kind === 'unknown')
  if (!results.some((result) => result.kind === 'resolved')) {
    const discarded = results.find((result) => result.kind === 'discarded')
    const empty = { kind: 'unknown' as const, via: branch.via, cause: `${printAddress(branch.address)} has no targets` }
    return failures[0] ?? discarded ?? empty
  }
  for (const failure of failures) {
    const reply = failure.kind === 'refused' ? failure.reply : unknownAddress(failure.cause)
    state.failedMembers.push({ reply, via: failure.via })
  }
  return resolved
}

function stepTo(branch: Branch, target: Mailbox, expansion: Expansion): Step {
  const { rule, entry } = expansion
  const note = [expansion.note, entry.comment].filter((text) => text !== undefined).join('; ')
  const step: Step = { rule, from: printAddress(branch.address), to: printAddress(target), source: entry.source }
  return note === '' ? step : { ...step, note }
}

/** Keeps `+tag` inside our domains unless the entry drops it, outside only if the entry keeps it: many hosts have no tags. */
function withTag(state: ResolutionState, target: Mailbox, expansion: Expansion): Mailbox {
  const delimiter = state.settings.tagDelimiter ?? '+'
  if (expansion.tag === null || splitTag(target.local, delimiter)) return target
  const keeps = expansion.entry.tag ?? (isOurs(state, target) ? 'keep' : 'drop')
  return keeps === 'keep' ? { local: `${target.local}${delimiter}${expansion.tag}`, domain: target.domain } : target
}

function isOurs(state: ResolutionState, address: Mailbox): boolean {
  return state.directory.domain(address.domain) !== undefined
}
