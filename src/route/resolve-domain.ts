// Steps 3 to 8 of the look-up: what the domain says about an address without an entry.

import { addressKey, parseAddress, printAddress, splitTag } from '../directory/address.ts'
import type { Rewrite, TargetEntry } from '../directory/directory.ts'
import type { Mailbox } from '../smtp/mailbox.ts'
import { userText } from '../smtp/origin.ts'
import { expand } from './expand.ts'
import type { Step } from './resolution.ts'
import { unknownYet } from './routing-replies.ts'
import { deliverTo, loopAt } from './resolution-state.ts'
import type { AddressResult, Branch, Match, Owner, ResolutionState } from './resolution-state.ts'

/** The sources of step 7, by local part. */
const fallbackSources: Readonly<Record<string, string>> = { postmaster: 'RFC 5321 4.5.1', abuse: 'RFC 2142 section 4' }
/** `user%elsewhere@here`, `elsewhere!user@here`, `"user@elsewhere"@here`: obsolete source routes, which must not choose a next hop. */
const sourceRoute = /[@%!]/

/** `isSelf`: an entry keeps a copy for its own address; only steps 3 and 6 may take that copy. */
export async function resolveByDomain(
  state: ResolutionState,
  branch: Branch,
  matches: readonly Match[],
  isSelf: boolean,
): Promise<AddressResult> {
  const { address } = branch
  const domain = state.directory.domain(address.domain)
  let unknown: AddressResult = unknownAt(branch, matches)
  if (domain?.aliasOf) {
    const result = await resolveAtMainDomain(state, branch, domain.aliasOf)
    if (result.kind !== 'unknown') return result
    unknown = result
  }
  const rewrite = isSelf ? undefined : state.directory.rewrites.find((each) => matchesRewrite(each, address))
  if (rewrite) return await applyRewrite(state, branch, rewrite)
  const host = isSelf ? undefined : matches.find((match) => match.record.hostAlias)
  if (host?.record.hostAlias) return await followHostAlias(state, branch, host, host.record.hostAlias)
  const isRouted = sourceRoute.test(address.local)
  if (domain?.transport && !isRouted) return deliverTo(state, branch, domain.transport)
  if (isSelf || isRouted) return unknown
  const fallback = await followFallback(state, branch)
  if (fallback) return fallback
  if (!domain?.catchAll) return unansweredRole(branch) ?? unknown
  return await expand(state, branch, { entry: domain.catchAll, owner: null, tag: null, rule: 'catch-all' })
}

async function resolveAtMainDomain(
  state: ResolutionState,
  branch: Branch,
  aliasOf: { readonly domain: string; readonly source: string },
): Promise<AddressResult> {
  const address = { local: branch.address.local, domain: aliasOf.domain }
  const [from, to] = [printAddress(branch.address), printAddress(address)]
  const step: Step = { rule: 'alias-domain', from, to, source: aliasOf.source }
  return await state.resolveAddress(state, { ...branch, address, via: [...branch.via, step] })
}

async function followHostAlias(
  state: ResolutionState,
  branch: Branch,
  { key, tag }: Match,
  entry: TargetEntry,
): Promise<AddressResult> {
  if (branch.chain.includes(key)) return loopAt(branch, key)
  const owner: Owner = { key, field: 'hostAlias' }
  return await expand(state, branch, { entry, owner, tag, rule: 'alias', note: 'host alias' })
}

/** Step 7: postmaster and abuse, and the role names of generic domains. Null if none applies. */
async function followFallback(state: ResolutionState, branch: Branch): Promise<AddressResult | null> {
  const whole = branch.address.local.toLowerCase()
  const local = splitTag(whole, state.settings.tagDelimiter ?? '+')?.base ?? whole
  const domain = state.directory.domain(branch.address.domain)
  const source = fallbackSources[local] ?? (domain?.roles?.includes(local) ? domain.source : undefined)
  const target = state.settings.postmaster === undefined ? null : parseAddress(state.settings.postmaster)
  if (source === undefined || !target) return null
  const isSelf = addressKey(target) === addressKey(branch.address)
  const other = isSelf && local === 'postmaster' ? await abuseAt(state, branch) : null
  if (isSelf && !other) return null
  const note = `each of our domains accepts mail for ${local}`
  const entry = { targets: [other ?? target], source }
  return await expand(state, branch, { entry, owner: null, tag: null, rule: 'alias', note })
}

/** Abuse of the same domain, which gets the mail for a postmaster without an entry; null if it has no entry either. */
async function abuseAt(state: ResolutionState, { address }: Branch): Promise<Mailbox | null> {
  const abuse = { local: 'abuse', domain: address.domain }
  return (await state.directory.find(addressKey(abuse))).kind === 'found' ? abuse : null
}

/** Mail for postmaster and abuse waits at its sender until the operator has added an entry: RFC 5321 4.5.1 allows no refusal. */
function unansweredRole({ address, via }: Branch): AddressResult | null {
  if (fallbackSources[address.local.toLowerCase()] === undefined) return null
  const cause = `${printAddress(address)} has no alias, and "postmaster:" of the node names no other address`
  return { kind: 'unavailable', cause, via, reply: unknownYet(cause) }
}

async function applyRewrite(state: ResolutionState, branch: Branch, rewrite: Rewrite): Promise<AddressResult> {
  const text = rewrite.domain === undefined ? addressKey(branch.address) : branch.address.local.toLowerCase()
  const match = rewrite.pattern.exec(text)
  const targets = rewrite.replacements.flatMap((replacement) => {
    const filled = replacement.replaceAll(/\$(\d)/g, (_, digit: string) => match?.[Number(digit)] ?? '')
    return parseAddress(filled) ?? []
  })
  if (targets.length === 0) return unknownAt(branch, [])
  const entry = { targets, source: rewrite.source }
  return await expand(state, branch, { entry, owner: null, tag: null, rule: 'rewrite' })
}

function matchesRewrite(rewrite: Rewrite, address: Mailbox): boolean {
  // A captured source route must not get into the new address.
  if (sourceRoute.test(address.local)) return false
  if (rewrite.domain === undefined) return rewrite.pattern.test(addressKey(address))
  return rewrite.domain === address.domain && rewrite.pattern.test(address.local)
}

function unknownAt(branch: Branch, matches: readonly Match[]): AddressResult {
  const user = matches.find((match) => match.record.user)?.record.user
  const name = printAddress(branch.address)
  const cause = user
    ? `${name} belongs to ${userText(user.name)} (${user.source}), but has no alias, forward or transport`
    : `unknown address ${name}`
  return { kind: 'unknown', via: branch.via, cause }
}
