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
import { CHAIN_DEPTH_LIMIT, addFinalTarget, resolved } from './resolution-state.ts'
import type { Owner, AddressResult, Branch, ResolutionState } from './resolution-state.ts'

/** A record with the key it is filed under and the tag that the look-up left over. */
interface Match {
  readonly record: AddressRecord
  readonly key: string
  readonly tag: string | null
}

const fallbackSources: Readonly<Record<string, string>> = { postmaster: 'RFC 5321 4.5.1', abuse: 'RFC 2142 section 4' }

/** Follows an address of ours until it is placed or turned down. Adds leaves to the state. */
export async function resolveAddress(state: ResolutionState, branch: Branch): Promise<AddressResult> {
  const key = addressKey(branch.address)
  const split = splitTag(branch.address.local, state.settings.tagDelimiter ?? '+')
  const base = split ? addressKey({ local: split.base, domain: branch.address.domain }) : null
  const isSelf = branch.owner !== null && (branch.owner.key === key || branch.owner.key === base)
  const found = await findMatches(state, [[key, null], ...(base !== null && split ? [[base, split.tag] as const] : [])])
  // An address that only stands for the same one at another domain is counted there.
  const standsForAnother =
    found.matches.length === 0 && state.directory.domain(branch.address.domain)?.aliasOf !== undefined
  if (isSelf || standsForAnother) return await follow(state, branch, found, isSelf)
  const before = state.visited.get(key)
  if (before) return meetAgain(state, branch, key, before)
  state.visited.set(key, 'open')
  if (state.visited.size > VISIT_LIMIT) return refused(branch, tooMany(`over ${VISIT_LIMIT} addresses`))
  const answer = await follow(state, branch, found, false)
  state.visited.set(key, answer)
  return answer
}

async function follow(state: ResolutionState, branch: Branch, found: Found, isSelf: boolean): Promise<AddressResult> {
  const { matches, unavailable } = found
  if (branch.chain.length > CHAIN_DEPTH_LIMIT) return refused(branch, looping(`chain longer than ${CHAIN_DEPTH_LIMIT}`))
  const passed: Match[] = []
  for (const match of matches) {
    passed.push(match)
    const answer = await byRecord(state, branch, match, isSelf)
    if (answer) return await copied(state, branch, passed, answer)
  }
  if (unavailable !== null) return { kind: 'unavailable', cause: unavailable, via: branch.via }
  return await copied(state, branch, matches, await byDomain(state, branch, matches, isSelf))
}

interface Found {
  readonly matches: readonly Match[]
  /** Why one of the candidates cannot be known; null if all are. What is known of the other still counts: `kim+tag` is kim's. */
  readonly unavailable: string | null
}

/** The records of the candidates that exist. */
async function findMatches(
  state: ResolutionState,
  candidates: readonly (readonly [key: string, tag: string | null])[],
): Promise<Found> {
  const matches: Match[] = []
  let unavailable: string | null = null
  for (const [key, tag] of candidates) {
    const found = await state.directory.find(key)
    if (found.kind === 'unavailable') unavailable ??= found.cause
    if (found.kind === 'found') matches.push({ record: found.value, key, tag })
  }
  return { matches, unavailable }
}

/** Steps 1 and 2: what the record itself says. Null if it says nothing that places the address. */
async function byRecord(
  state: ResolutionState,
  branch: Branch,
  match: Match,
  isSelf: boolean,
): Promise<AddressResult | null> {
  const { record, key, tag } = match
  const from = printAddress(branch.address)
  if (record.refusal) {
    const { text, source } = record.refusal
    const via = [...branch.via, { rule: 'refuse' as const, from, to: text, source }]
    return { kind: 'refused', reply: refusal(550, '5.1.1', text, `refused by ${source}`), via }
  }
  if (record.discard) {
    const { text, source } = record.discard
    return { kind: 'discarded', reason: text, via: [...branch.via, { rule: 'discard', from, to: text, source }] }
  }
  for (const field of ['alias', 'forward'] as const) {
    const entry = record[field]
    if (!entry || isPast(branch.owner, key, field)) continue
    if (branch.chain.includes(key) && branch.owner?.key !== key) {
      // `kim` kept a copy for itself on behalf of `kim+x`, whose own entry has been followed already.
      if (isSelf) continue
      return refused(branch, looping(loopText(branch, key)))
    }
    return await expand(state, branch, { entry, owner: { key, field }, tag, rule: field })
  }
  if (!record.transport) return null
  return deliver(state, branch, 'transport', record.transport)
}

/** Steps 3 to 8: what the domain says. An address that keeps a copy for itself stops before the nets of steps 4, 5, 7, 8. */
async function byDomain(
  state: ResolutionState,
  branch: Branch,
  matches: readonly Match[],
  isSelf: boolean,
): Promise<AddressResult> {
  const { address } = branch
  const domain = state.directory.domain(address.domain)
  let unknown: AddressResult = unknownAt(branch, matches)
  if (domain?.aliasOf) {
    const next = { local: address.local, domain: domain.aliasOf.domain }
    const answer = await resolveAddress(state, moved(branch, next, 'alias-domain', domain.aliasOf.source))
    if (answer.kind !== 'unknown') return answer
    unknown = answer
  }
  const rewrite = isSelf ? undefined : state.directory.rewrites.find((each) => matchesRewrite(each, address))
  if (rewrite) return await byRewrite(state, branch, rewrite)
  const host = isSelf ? undefined : matches.find((match) => match.record.hostAlias)
  if (host?.record.hostAlias) {
    const owner: Owner = { key: host.key, field: 'hostAlias' }
    if (branch.chain.includes(host.key)) return refused(branch, looping(loopText(branch, host.key)))
    return await expand(state, branch, {
      entry: host.record.hostAlias,
      owner,
      tag: host.tag,
      rule: 'alias',
      note: 'alias of the host',
    })
  }
  // `user%elsewhere@here`, `elsewhere!user@here`, `"user@elsewhere"@here`: old ways to have us pick another's next hop.
  const isRouted = /[@%!]/.test(address.local)
  if (domain?.transport && !isRouted) return deliver(state, branch, 'transport', domain.transport)
  if (isSelf || isRouted) return unknown
  return (
    (await byFallback(state, branch)) ?? (domain?.catchAll ? await byCatchAll(state, branch, domain.catchAll) : unknown)
  )
}

async function byFallback(state: ResolutionState, branch: Branch): Promise<AddressResult | null> {
  const whole = branch.address.local.toLowerCase()
  const local = splitTag(whole, state.settings.tagDelimiter ?? '+')?.base ?? whole
  const domain = state.directory.domain(branch.address.domain)
  const source = fallbackSources[local] ?? (domain?.roles?.includes(local) ? domain.source : undefined)
  const target = state.settings.postmaster === undefined ? null : parseAddress(state.settings.postmaster)
  // An alias domain's postmaster is answered at the main domain, where the organisation may have named one.
  if (source === undefined || !target || addressKey(target) === addressKey(branch.address)) return null
  const entry = { targets: [target], source }
  return await expand(state, branch, {
    entry,
    owner: null,
    tag: null,
    rule: 'alias',
    note: `${local} is always answered`,
  })
}

async function byCatchAll(state: ResolutionState, branch: Branch, entry: TargetEntry): Promise<AddressResult> {
  return await expand(state, branch, { entry, owner: null, tag: null, rule: 'catch-all' })
}

async function byRewrite(state: ResolutionState, branch: Branch, rewrite: Rewrite): Promise<AddressResult> {
  const text = rewrite.domain === undefined ? addressKey(branch.address) : branch.address.local.toLowerCase()
  const targets = rewrite.replacements.flatMap((replacement) => {
    const match = rewrite.pattern.exec(text)
    return parseAddress(replacement.replaceAll(/\$(\d)/g, (_, digit: string) => match?.[Number(digit)] ?? '')) ?? []
  })
  if (targets.length === 0) return unknownAt(branch, [])
  const entry = { targets, source: rewrite.source }
  return await expand(state, branch, { entry, owner: null, tag: null, rule: 'rewrite' })
}

function matchesRewrite(rewrite: Rewrite, address: Mailbox): boolean {
  // What was captured must not carry a route of its own into the new address.
  if (/[@%!]/.test(address.local)) return false
  if (rewrite.domain === undefined) return rewrite.pattern.test(addressKey(address))
  return rewrite.domain === address.domain && rewrite.pattern.test(address.local)
}

/** Copies that the address causes, once it is placed, by whichever step. */
async function copied(
  state: ResolutionState,
  branch: Branch,
  matches: readonly Match[],
  answer: AddressResult,
): Promise<AddressResult> {
  if (answer.kind !== 'resolved' || state.settings.copies === false) return answer
  const note = 'copy (recipient_bcc)'
  for (const { key, record } of matches) {
    const entry = record.copies
    if (!entry || branch.owner?.key === key) continue
    const copies = await expand(state, branch, { entry, owner: null, tag: null, rule: 'alias', note, whole: false })
    if (copies.kind === 'unavailable') return copies
  }
  return answer
}

function deliver(
  state: ResolutionState,
  branch: Branch,
  rule: Rule,
  to: { readonly nextHop: string; readonly source: string },
): AddressResult {
  const step: Step = { rule, from: printAddress(branch.address), to: to.nextHop, source: to.source }
  addFinalTarget(state, {
    address: branch.address,
    nextHop: to.nextHop,
    leaves: false,
    private: false,
    via: [...branch.via, step],
  })
  return resolved
}

/** Two ways to the same address meet: what came of it stands already; a step at its destinations tells the second way. */
function meetAgain(state: ResolutionState, branch: Branch, key: string, before: AddressResult | 'open'): AddressResult {
  if (before === 'open') return refused(branch, looping(loopText(branch, key)))
  if (before.kind !== 'resolved') return { ...before, via: branch.via }
  const last = branch.via.at(-1)
  for (const index of last ? (state.finalTargetsByAddress.get(key) ?? []) : []) {
    const target = state.finalTargets[index]
    const step = last && { rule: 'merge' as const, from: last.from, to: last.to, source: last.source }
    if (target && step) state.finalTargets[index] = { ...target, via: [...target.via, step] }
  }
  return resolved
}

function isPast(owner: Owner | null, key: string, field: 'alias' | 'forward'): boolean {
  if (owner?.key !== key) return false
  return owner.field === field || owner.field === 'hostAlias' || (owner.field === 'forward' && field === 'alias')
}

function moved(branch: Branch, address: Mailbox, rule: Rule, source: string): Branch {
  const step: Step = { rule, from: printAddress(branch.address), to: printAddress(address), source }
  return { ...branch, address, via: [...branch.via, step] }
}

function unknownAt(branch: Branch, matches: readonly Match[]): AddressResult {
  const person = matches.find((match) => match.record.user)?.record.user
  const name = printAddress(branch.address)
  const cause = person
    ? `${name} belongs to ${userText(person.name)} (${person.source}), but no alias, forward or transport says where to`
    : `${name} is known nowhere`
  return { kind: 'unknown', via: branch.via, cause }
}

function refused(branch: Branch, reply: ReturnType<typeof looping>): AddressResult {
  return { kind: 'refused', reply, via: branch.via }
}

function loopText(branch: Branch, key: string): string {
  const circle = [...branch.chain.slice(Math.max(0, branch.chain.indexOf(key))), key]
  return circle.filter((each, index) => each !== circle[index - 1]).join(' → ')
}
