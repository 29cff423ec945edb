// Follows the targets of one entry: those in our domains are placed in turn, those outside leave, or are handed over.
// Room: route.

import { addressKey, isPublicName, printAddress, splitTag } from '../directory/address.ts'
import { EXPANSION_LIMIT } from '../directory/directory.ts'
import type { TargetEntry } from '../directory/directory.ts'
import type { Mailbox } from '../smtp/mailbox.ts'
import { termsFor, wantedBelow } from './forward-terms.ts'
import { badDomain, tooMany, unknownAddress } from './routing-replies.ts'
import type { Rule, Step } from './resolution.ts'
import { grow, placed } from './resolution-state.ts'
import type { Leaf, Owner, Placed, Point, Walk } from './resolution-state.ts'

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
export async function expand(walk: Walk, point: Point, expansion: Expansion): Promise<Placed> {
  const { entry, owner } = expansion
  const targets = entry.targets.map((target) => tagged(walk, target, expansion))
  const foreign = targets.filter((target) => !isOurs(walk, target))
  if (targets.length > 0 && foreign.length === targets.length && handsOverWhole(walk, expansion)) {
    return handOver(walk, point, expansion)
  }
  // Both keys: `kim+x` is filed under `kim`, and either may come round again.
  const chain = [...point.chain, addressKey(point.address), ...(owner ? [owner.key] : [])]
  const answers: Placed[] = []
  for (const target of targets) {
    const via = [...point.via, stepTo(point, target, expansion)]
    const next: Point = { address: target, via, owner, chain, ...wantedBelow(point, entry) }
    const answer = isOurs(walk, target) ? await walk.place(walk, next) : leave(walk, next)
    if (answer.kind === 'unavailable') return answer
    answers.push(answer)
  }
  return together(walk, point, answers)
}

/** Sends an address to the world, or over to the nodes that do. `next.via` is empty for a forward-path that was foreign at once. */
export function leave(walk: Walk, next: Point): Placed {
  const { address } = next
  if (!isPublicName(address.domain)) {
    return { kind: 'refused', reply: badDomain(`${address.domain} is no name of the public DNS`), via: next.via }
  }
  const isForward = next.via.length > 0
  const hops = walk.settings.nextHops
  const over = isForward && walk.settings.forwards === 'hand-over'
  const nextHop = over ? (hops?.forwards ?? 'peers:srs') : (hops?.world ?? `mx:${address.domain}`)
  // What a node of ours hands over as a foreign address was somebody's alias there: bounces must not name it either.
  const isPrivate = isForward || walk.request.origin.kind === 'peer'
  const note = over ? 'the nodes there forward it' : undefined
  const terms = termsFor(walk.directory, next, address.domain)
  const forward = over ? { handedOver: [terms] } : isPrivate ? { forward: terms } : {}
  return addLeaf(walk, { address, nextHop, leaves: !over, private: isPrivate, ...forward, via: next.via }, note)
}

/** Adds a destination with its next-hop step, within the limit. */
export function addLeaf(walk: Walk, leaf: Leaf, note?: string): Placed {
  if (walk.leaves.length >= EXPANSION_LIMIT) {
    return { kind: 'refused', reply: tooMany(`over ${EXPANSION_LIMIT} destinations`), via: leaf.via }
  }
  const source = leaf.nextHop.startsWith('mx:') ? 'RFC 5321 5.1' : 'configuration'
  const step: Step = { rule: 'next-hop', from: printAddress(leaf.address), to: leaf.nextHop, source }
  grow(walk, { ...leaf, via: [...leaf.via, note === undefined ? step : { ...step, note }] })
  return placed
}

function handsOverWhole(walk: Walk, expansion: Expansion): boolean {
  return walk.settings.forwards === 'hand-over' && expansion.whole !== false
}

/** The next node gets our own address and resolves it the same way: what it stands for stays between the two. */
function handOver(walk: Walk, point: Point, expansion: Expansion): Placed {
  const { address } = point
  const nextHop = walk.settings.nextHops?.forwards ?? 'peers:srs'
  const rule = expansion.rule === 'alias' ? 'forward' : expansion.rule
  const step: Step = {
    rule,
    from: printAddress(address),
    to: printAddress(address),
    source: expansion.entry.source,
    note: `leaves our domains: the nodes at ${nextHop} resolve it`,
  }
  const domains = [...new Set(expansion.entry.targets.map((target) => target.domain))]
  const wanted = wantedBelow(point, expansion.entry)
  const handedOver = domains.map((domain) => termsFor(walk.directory, wanted, domain))
  return addLeaf(walk, { address, nextHop, leaves: false, private: true, handedOver, via: [...point.via, step] })
}

/** One answer for a group: placed if any member is. */
function together(walk: Walk, point: Point, answers: readonly Placed[]): Placed {
  const failures = answers.filter((answer) => answer.kind === 'refused' || answer.kind === 'unknown')
  if (!answers.some((answer) => answer.kind === 'placed')) {
    const discarded = answers.find((answer) => answer.kind === 'discarded')
    const empty = { kind: 'unknown' as const, via: point.via, cause: `${printAddress(point.address)} has no targets` }
    return failures[0] ?? discarded ?? empty
  }
  for (const failure of failures) {
    const reply = failure.kind === 'refused' ? failure.reply : unknownAddress(failure.cause)
    walk.lost.push({ reply, via: failure.via })
  }
  return placed
}

function stepTo(point: Point, target: Mailbox, expansion: Expansion): Step {
  const { rule, entry } = expansion
  const note = [expansion.note, entry.comment].filter((text) => text !== undefined).join('; ')
  const step: Step = { rule, from: printAddress(point.address), to: printAddress(target), source: entry.source }
  return note === '' ? step : { ...step, note }
}

/** Carries `+tag` on: inside our domains unless dropped, outside only if the entry says keep (many hosts know no tags). */
function tagged(walk: Walk, target: Mailbox, expansion: Expansion): Mailbox {
  const delimiter = walk.settings.tagDelimiter ?? '+'
  if (expansion.tag === null || splitTag(target.local, delimiter)) return target
  const keeps = expansion.entry.tag ?? (isOurs(walk, target) ? 'keep' : 'drop')
  return keeps === 'keep' ? { local: `${target.local}${delimiter}${expansion.tag}`, domain: target.domain } : target
}

function isOurs(walk: Walk, address: Mailbox): boolean {
  return walk.directory.domain(address.domain) !== undefined
}
