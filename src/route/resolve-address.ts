// Places one address of ours: the fixed order of look-up, as docs/routing.md states it.
// Room: route. 1 exact entry (refusal, discard, alias, forward, transport), 2 the same without +tag, 3 alias domain, 4 rewrites,
// 5 host alias, 6 the domain's transport, 7 postmaster and abuse, 8 catch-all. Nothing else; unknown is unknown.

import { addressKey, parseAddress, printAddress, splitTag } from '../directory/address.ts'
import { VISIT_LIMIT } from '../directory/directory.ts'
import type { AddressRecord, Rewrite, TargetEntry } from '../directory/directory.ts'
import type { Mailbox } from '../smtp/mailbox.ts'
import { userText } from '../smtp/origin.ts'
import { refusal } from '../smtp/reply.ts'
import { expand } from './expand.ts'
import { looping, tooMany } from './routing-replies.ts'
import type { Rule, Step } from './resolution.ts'
import { CHAIN_DEPTH_LIMIT, grow, placed } from './resolution-state.ts'
import type { Owner, Placed, Point, Walk } from './resolution-state.ts'

/** A record with the key it is filed under and the tag that the look-up left over. */
interface Match {
  readonly record: AddressRecord
  readonly key: string
  readonly tag: string | null
}

const fallbackSources: Readonly<Record<string, string>> = { postmaster: 'RFC 5321 4.5.1', abuse: 'RFC 2142 section 4' }

/** Follows an address of ours until it is placed or turned down. Adds leaves to the walk. */
export async function place(walk: Walk, point: Point): Promise<Placed> {
  const key = addressKey(point.address)
  const split = splitTag(point.address.local, walk.settings.tagDelimiter ?? '+')
  const base = split ? addressKey({ local: split.base, domain: point.address.domain }) : null
  const isSelf = point.owner !== null && (point.owner.key === key || point.owner.key === base)
  const found = await findMatches(walk, [[key, null], ...(base !== null && split ? [[base, split.tag] as const] : [])])
  // An address that only stands for the same one at another domain is counted there.
  const standsForAnother =
    found.matches.length === 0 && walk.directory.domain(point.address.domain)?.aliasOf !== undefined
  if (isSelf || standsForAnother) return await follow(walk, point, found, isSelf)
  const before = walk.visited.get(key)
  if (before) return meetAgain(walk, point, key, before)
  walk.visited.set(key, 'open')
  if (walk.visited.size > VISIT_LIMIT) return refused(point, tooMany(`over ${VISIT_LIMIT} addresses`))
  const answer = await follow(walk, point, found, false)
  walk.visited.set(key, answer)
  return answer
}

async function follow(walk: Walk, point: Point, found: Found, isSelf: boolean): Promise<Placed> {
  const { matches, unavailable } = found
  if (point.chain.length > CHAIN_DEPTH_LIMIT) return refused(point, looping(`chain longer than ${CHAIN_DEPTH_LIMIT}`))
  const passed: Match[] = []
  for (const match of matches) {
    passed.push(match)
    const answer = await byRecord(walk, point, match, isSelf)
    if (answer) return await copied(walk, point, passed, answer)
  }
  if (unavailable !== null) return { kind: 'unavailable', cause: unavailable, via: point.via }
  return await copied(walk, point, matches, await byDomain(walk, point, matches, isSelf))
}

interface Found {
  readonly matches: readonly Match[]
  /** Why one of the candidates cannot be known; null if all are. What is known of the other still counts: `kim+tag` is kim's. */
  readonly unavailable: string | null
}

/** The records of the candidates that exist. */
async function findMatches(
  walk: Walk,
  candidates: readonly (readonly [key: string, tag: string | null])[],
): Promise<Found> {
  const matches: Match[] = []
  let unavailable: string | null = null
  for (const [key, tag] of candidates) {
    const found = await walk.directory.find(key)
    if (found.kind === 'unavailable') unavailable ??= found.cause
    if (found.kind === 'found') matches.push({ record: found.value, key, tag })
  }
  return { matches, unavailable }
}

/** Steps 1 and 2: what the record itself says. Null if it says nothing that places the address. */
async function byRecord(walk: Walk, point: Point, match: Match, isSelf: boolean): Promise<Placed | null> {
  const { record, key, tag } = match
  const from = printAddress(point.address)
  if (record.refusal) {
    const { text, source } = record.refusal
    const via = [...point.via, { rule: 'refuse' as const, from, to: text, source }]
    return { kind: 'refused', reply: refusal(550, '5.1.1', text, `refused by ${source}`), via }
  }
  if (record.discard) {
    const { text, source } = record.discard
    return { kind: 'discarded', reason: text, via: [...point.via, { rule: 'discard', from, to: text, source }] }
  }
  for (const field of ['alias', 'forward'] as const) {
    const entry = record[field]
    if (!entry || isPast(point.owner, key, field)) continue
    if (point.chain.includes(key) && point.owner?.key !== key) {
      // `kim` kept a copy for itself on behalf of `kim+x`, whose own entry has been followed already.
      if (isSelf) continue
      return refused(point, looping(loopText(point, key)))
    }
    return await expand(walk, point, { entry, owner: { key, field }, tag, rule: field })
  }
  if (!record.transport) return null
  return deliver(walk, point, 'transport', record.transport)
}

/** Steps 3 to 8: what the domain says. An address that keeps a copy for itself stops before the nets of steps 4, 5, 7, 8. */
async function byDomain(walk: Walk, point: Point, matches: readonly Match[], isSelf: boolean): Promise<Placed> {
  const { address } = point
  const domain = walk.directory.domain(address.domain)
  let unknown: Placed = unknownAt(point, matches)
  if (domain?.aliasOf) {
    const next = { local: address.local, domain: domain.aliasOf.domain }
    const answer = await place(walk, moved(point, next, 'alias-domain', domain.aliasOf.source))
    if (answer.kind !== 'unknown') return answer
    unknown = answer
  }
  const rewrite = isSelf ? undefined : walk.directory.rewrites.find((each) => matchesRewrite(each, address))
  if (rewrite) return await byRewrite(walk, point, rewrite)
  const host = isSelf ? undefined : matches.find((match) => match.record.hostAlias)
  if (host?.record.hostAlias) {
    const owner: Owner = { key: host.key, field: 'hostAlias' }
    if (point.chain.includes(host.key)) return refused(point, looping(loopText(point, host.key)))
    return await expand(walk, point, {
      entry: host.record.hostAlias,
      owner,
      tag: host.tag,
      rule: 'alias',
      note: 'alias of the host',
    })
  }
  // `user%elsewhere@here`, `elsewhere!user@here`, `"user@elsewhere"@here`: old ways to have us pick another's next hop.
  const isRouted = /[@%!]/.test(address.local)
  if (domain?.transport && !isRouted) return deliver(walk, point, 'transport', domain.transport)
  if (isSelf || isRouted) return unknown
  return (
    (await byFallback(walk, point)) ?? (domain?.catchAll ? await byCatchAll(walk, point, domain.catchAll) : unknown)
  )
}

async function byFallback(walk: Walk, point: Point): Promise<Placed | null> {
  const whole = point.address.local.toLowerCase()
  const local = splitTag(whole, walk.settings.tagDelimiter ?? '+')?.base ?? whole
  const domain = walk.directory.domain(point.address.domain)
  const source = fallbackSources[local] ?? (domain?.roles?.includes(local) ? domain.source : undefined)
  const target = walk.settings.postmaster === undefined ? null : parseAddress(walk.settings.postmaster)
  // An alias domain's postmaster is answered at the main domain, where the organisation may have named one.
  if (source === undefined || !target || addressKey(target) === addressKey(point.address)) return null
  const entry = { targets: [target], source }
  return await expand(walk, point, {
    entry,
    owner: null,
    tag: null,
    rule: 'alias',
    note: `${local} is always answered`,
  })
}

async function byCatchAll(walk: Walk, point: Point, entry: TargetEntry): Promise<Placed> {
  return await expand(walk, point, { entry, owner: null, tag: null, rule: 'catch-all' })
}

async function byRewrite(walk: Walk, point: Point, rewrite: Rewrite): Promise<Placed> {
  const text = rewrite.domain === undefined ? addressKey(point.address) : point.address.local.toLowerCase()
  const targets = rewrite.replacements.flatMap((replacement) => {
    const match = rewrite.pattern.exec(text)
    return parseAddress(replacement.replaceAll(/\$(\d)/g, (_, digit: string) => match?.[Number(digit)] ?? '')) ?? []
  })
  if (targets.length === 0) return unknownAt(point, [])
  const entry = { targets, source: rewrite.source }
  return await expand(walk, point, { entry, owner: null, tag: null, rule: 'rewrite' })
}

function matchesRewrite(rewrite: Rewrite, address: Mailbox): boolean {
  // What was captured must not carry a route of its own into the new address.
  if (/[@%!]/.test(address.local)) return false
  if (rewrite.domain === undefined) return rewrite.pattern.test(addressKey(address))
  return rewrite.domain === address.domain && rewrite.pattern.test(address.local)
}

/** Copies that the address causes, once it is placed, by whichever step. */
async function copied(walk: Walk, point: Point, matches: readonly Match[], answer: Placed): Promise<Placed> {
  if (answer.kind !== 'placed' || walk.settings.copies === false) return answer
  const note = 'copy (recipient_bcc)'
  for (const { key, record } of matches) {
    const entry = record.copies
    if (!entry || point.owner?.key === key) continue
    const copies = await expand(walk, point, { entry, owner: null, tag: null, rule: 'alias', note, whole: false })
    if (copies.kind === 'unavailable') return copies
  }
  return answer
}

function deliver(
  walk: Walk,
  point: Point,
  rule: Rule,
  to: { readonly nextHop: string; readonly source: string },
): Placed {
  const step: Step = { rule, from: printAddress(point.address), to: to.nextHop, source: to.source }
  grow(walk, {
    address: point.address,
    nextHop: to.nextHop,
    leaves: false,
    private: false,
    via: [...point.via, step],
  })
  return placed
}

/** Two ways to the same address meet: what came of it stands already; a step at its destinations tells the second way. */
function meetAgain(walk: Walk, point: Point, key: string, before: Placed | 'open'): Placed {
  if (before === 'open') return refused(point, looping(loopText(point, key)))
  if (before.kind !== 'placed') return { ...before, via: point.via }
  const last = point.via.at(-1)
  for (const index of last ? (walk.through.get(key) ?? []) : []) {
    const leaf = walk.leaves[index]
    const step = last && { rule: 'merge' as const, from: last.from, to: last.to, source: last.source }
    if (leaf && step) walk.leaves[index] = { ...leaf, via: [...leaf.via, step] }
  }
  return placed
}

function isPast(owner: Owner | null, key: string, field: 'alias' | 'forward'): boolean {
  if (owner?.key !== key) return false
  return owner.field === field || owner.field === 'hostAlias' || (owner.field === 'forward' && field === 'alias')
}

function moved(point: Point, address: Mailbox, rule: Rule, source: string): Point {
  const step: Step = { rule, from: printAddress(point.address), to: printAddress(address), source }
  return { ...point, address, via: [...point.via, step] }
}

function unknownAt(point: Point, matches: readonly Match[]): Placed {
  const person = matches.find((match) => match.record.user)?.record.user
  const name = printAddress(point.address)
  const cause = person
    ? `${name} belongs to ${userText(person.name)} (${person.source}), but no alias, forward or transport says where to`
    : `${name} is known nowhere`
  return { kind: 'unknown', via: point.via, cause }
}

function refused(point: Point, reply: ReturnType<typeof looping>): Placed {
  return { kind: 'refused', reply, via: point.via }
}

function loopText(point: Point, key: string): string {
  const circle = [...point.chain.slice(Math.max(0, point.chain.indexOf(key))), key]
  return circle.filter((each, index) => each !== circle[index - 1]).join(' → ')
}
