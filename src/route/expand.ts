// Follows the targets of one entry: those in our domains are placed in turn, those outside leave, or are handed over.
// Room: route.

import { addressKey, isPublicName, printAddress, splitTag } from '../directory/address.ts'
import { EXPANSION_LIMIT } from '../directory/directory.ts'
import type { TargetEntry } from '../directory/directory.ts'
import type { Mailbox } from '../smtp/mailbox.ts'
import { termsFor, wantedBelow } from './forward-terms.ts'
import { badDomain, tooMany, unknownAddress } from './routing-replies.ts'
import type { Rule, Step } from './resolution.ts'
import { addFinalTarget, resolved } from './resolution-state.ts'
import type { FinalTarget, Owner, AddressResult, Branch, ResolutionState } from './resolution-state.ts'

export interface Expansion {
  readonly entry: TargetEntry
  /** Null for entries that no address owns (catch-all, rewrite, fallback): they cannot keep a copy for themselves. */
  readonly owner: Owner | null
  readonly tag: string | null
  readonly rule: Rule
  readonly note?: string
  /** False where the next node must not resolve the address again (copies). */
  readonly whole?: boolean
}

/** Follows all targets. Placed if one is; a member without a way is noted in `lost` and does not stop the others. */
export async function expand(state: ResolutionState, branch: Branch, expansion: Expansion): Promise<AddressResult> {
  const { entry, owner } = expansion
  const targets = entry.targets.map((target) => tagged(state, target, expansion))
  const foreign = targets.filter((target) => !isOurs(state, target))
  if (targets.length > 0 && foreign.length === targets.length && handsOverWhole(state, expansion)) {
    return handOver(state, branch, expansion)
  }
  // Both keys: `kim+x` is filed under `kim`, and either may come round again.
  const chain = [...branch.chain, addressKey(branch.address), ...(owner ? [owner.key] : [])]
  const answers: AddressResult[] = []
  for (const target of targets) {
    const via = [...branch.via, stepTo(branch, target, expansion)]
    const next: Branch = { address: target, via, owner, chain, ...wantedBelow(branch, entry) }
    const answer = isOurs(state, target) ? await state.resolveAddress(state, next) : toWorld(state, next)
    if (answer.kind === 'unavailable') return answer
    answers.push(answer)
  }
  return together(state, branch, answers)
}

/** Sends an address to the world, or over to the nodes that do. `next.via` is empty for a forward-path that was foreign at once. */
export function toWorld(state: ResolutionState, next: Branch): AddressResult {
  const { address } = next
  if (!isPublicName(address.domain)) {
    return { kind: 'refused', reply: badDomain(`${address.domain} is no name of the public DNS`), via: next.via }
  }
  const isForward = next.via.length > 0
  const hops = state.settings.nextHops
  const over = isForward && state.settings.forwards === 'relay-to-srs'
  const nextHop = over ? (hops?.forwards ?? 'peers:srs') : (hops?.world ?? `mx:${address.domain}`)
  // What a node of ours hands over as a foreign address was somebody's alias there: bounces must not name it either.
  const isPrivate = isForward || state.request.origin.kind === 'peer'
  const note = over ? 'the nodes there forward it' : undefined
  const terms = termsFor(state.directory, next, address.domain)
  const forward = over ? { handedOver: [terms] } : isPrivate ? { forward: terms } : {}
  return addNextHopTarget(
    state,
    { address, nextHop, leaves: !over, private: isPrivate, ...forward, via: next.via },
    note,
  )
}

/** Adds a destination with its next-hop step, within the limit. */
export function addNextHopTarget(state: ResolutionState, target: FinalTarget, note?: string): AddressResult {
  if (state.finalTargets.length >= EXPANSION_LIMIT) {
    return { kind: 'refused', reply: tooMany(`over ${EXPANSION_LIMIT} destinations`), via: target.via }
  }
  const source = target.nextHop.startsWith('mx:') ? 'RFC 5321 5.1' : 'configuration'
  const step: Step = { rule: 'next-hop', from: printAddress(target.address), to: target.nextHop, source }
  addFinalTarget(state, { ...target, via: [...target.via, note === undefined ? step : { ...step, note }] })
  return resolved
}

function handsOverWhole(state: ResolutionState, expansion: Expansion): boolean {
  return state.settings.forwards === 'relay-to-srs' && expansion.whole !== false
}

/** The next node gets our own address and resolves it the same way: what it stands for stays between the two. */
function handOver(state: ResolutionState, branch: Branch, expansion: Expansion): AddressResult {
  const { address } = branch
  const nextHop = state.settings.nextHops?.forwards ?? 'peers:srs'
  const rule = expansion.rule === 'alias' ? 'forward' : expansion.rule
  const step: Step = {
    rule,
    from: printAddress(address),
    to: printAddress(address),
    source: expansion.entry.source,
    note: `leaves our domains: the nodes at ${nextHop} resolve it`,
  }
  const domains = [...new Set(expansion.entry.targets.map((target) => target.domain))]
  const wanted = wantedBelow(branch, expansion.entry)
  const handedOver = domains.map((domain) => termsFor(state.directory, wanted, domain))
  return addNextHopTarget(state, {
    address,
    nextHop,
    leaves: false,
    private: true,
    handedOver,
    via: [...branch.via, step],
  })
}

/** One answer for a group: placed if any member is. */
function together(state: ResolutionState, branch: Branch, answers: readonly AddressResult[]): AddressResult {
  const failures = answers.filter((answer) => answer.kind === 'refused' || answer.kind === 'unknown')
  if (!answers.some((answer) => answer.kind === 'resolved')) {
    const discarded = answers.find((answer) => answer.kind === 'discarded')
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

/** Carries `+tag` on: inside our domains unless dropped, outside only if the entry says keep (many hosts know no tags). */
function tagged(state: ResolutionState, target: Mailbox, expansion: Expansion): Mailbox {
  const delimiter = state.settings.tagDelimiter ?? '+'
  if (expansion.tag === null || splitTag(target.local, delimiter)) return target
  const keeps = expansion.entry.tag ?? (isOurs(state, target) ? 'keep' : 'drop')
  return keeps === 'keep' ? { local: `${target.local}${delimiter}${expansion.tag}`, domain: target.domain } : target
}

function isOurs(state: ResolutionState, address: Mailbox): boolean {
  return state.directory.domain(address.domain) !== undefined
}
