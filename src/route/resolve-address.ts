// Resolves one address of ours. The addresses of `probe` and `reports` go first. The order of look-up (docs/reference/routing.md): 1 the exact entry (refusal, discard, alias, forward,
// transport), 2 the same without +tag, 3 the alias domain, 4 rewrites, 5 the host alias, 6 the domain's transport, 7 postmaster and abuse,
// 8 the catch-all. Steps 1 and 2 are in resolve-record.ts, the others in resolve-domain.ts.

import { addressKey, splitTag } from '../directory/address.ts'
import { VISIT_LIMIT } from '../directory/directory.ts'
import type { Branch, AddressResult, Match, ResolutionState } from './resolution-state.ts'
import { CHAIN_DEPTH_LIMIT, loopAt, refused, resolved } from './resolution-state.ts'
import { expand } from './expand.ts'
import { resolveByDomain } from './resolve-domain.ts'
import { resolveByRecord } from './resolve-record.ts'
import { resolveProbe, resolveReport } from './resolve-report.ts'
import { looping, tooMany } from './routing-replies.ts'

/** Steps of a final target that record further paths. Hundreds of groups with the same members would record a path for each pair. */
const PATH_STEPS_LIMIT = 50

/** Resolves an address of ours and adds its final targets to the state. */
export async function resolveAddress(state: ResolutionState, branch: Branch): Promise<AddressResult> {
  state.request.meter?.step()
  const turn = state.turns.step()
  if (turn) await turn
  const key = addressKey(branch.address)
  const split = splitTag(branch.address.local, state.settings.tagDelimiter ?? '+')
  const base = split ? addressKey({ local: split.base, domain: branch.address.domain }) : null
  const isSelf = branch.owner !== null && (branch.owner.key === key || branch.owner.key === base)
  const candidates = [[key, null], ...(base !== null && split ? [[base, split.tag] as const] : [])] as const
  const found = await findMatches(state, candidates)
  // An address of an alias domain without an entry counts under its main domain.
  const isOnlyAliased =
    found.matches.length === 0 && state.directory.domain(branch.address.domain)?.aliasOf !== undefined
  if (isSelf || isOnlyAliased) return await follow(state, branch, found, isSelf)
  const before = state.visited.get(key)
  if (before) return mergeWith(state, branch, key, before)
  state.visited.set(key, 'open')
  if (state.visited.size > VISIT_LIMIT) return refused(branch, tooMany(`more than ${VISIT_LIMIT} addresses`))
  const result = await follow(state, branch, found, false)
  state.visited.set(key, result)
  return result
}

async function follow(state: ResolutionState, branch: Branch, found: Found, isSelf: boolean): Promise<AddressResult> {
  const probe = resolveProbe(state, branch)
  if (probe) return probe
  const report = await resolveReport(state, branch)
  if (report) return report
  const { matches, unavailable } = found
  if (branch.chain.length > CHAIN_DEPTH_LIMIT) {
    return refused(branch, looping(`chain longer than ${CHAIN_DEPTH_LIMIT}`))
  }
  const passed: Match[] = []
  for (const match of matches) {
    passed.push(match)
    const result = await resolveByRecord(state, branch, match, isSelf)
    if (result) return await withCopies(state, branch, passed, result)
  }
  if (unavailable !== null) return { kind: 'unavailable', cause: unavailable, via: branch.via }
  return await withCopies(state, branch, matches, await resolveByDomain(state, branch, matches, isSelf))
}

interface Found {
  readonly matches: readonly Match[]
  /** Why one of the candidates cannot be looked up; null if all can. A record that is found still counts. */
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

/** Adds the copies (recipient_bcc) of the matched records to a resolved address. */
async function withCopies(
  state: ResolutionState,
  branch: Branch,
  matches: readonly Match[],
  result: AddressResult,
): Promise<AddressResult> {
  if (result.kind !== 'resolved' || state.settings.copies === false) return result
  const note = 'copy (recipient_bcc)'
  for (const { key, record } of matches) {
    const entry = record.copies
    if (!entry || branch.owner?.key === key) continue
    const copies = await expand(state, branch, { entry, owner: null, tag: null, rule: 'alias', note, whole: false })
    if (copies.kind === 'unavailable') return copies
  }
  return result
}

/** A second path to an address that is already resolved: its final targets get a step that records this path. */
function mergeWith(state: ResolutionState, branch: Branch, key: string, before: AddressResult | 'open'): AddressResult {
  if (before === 'open') return loopAt(branch, key)
  if (before.kind !== 'resolved') return { ...before, via: branch.via }
  const last = branch.via.at(-1)
  if (!last) return resolved
  const step = { rule: 'merge' as const, from: last.from, to: last.to, source: last.source }
  for (const index of state.finalTargetsByAddress.get(key) ?? []) {
    const target = state.finalTargets[index]
    if (target && target.via.length < PATH_STEPS_LIMIT)
      state.finalTargets[index] = { ...target, via: [...target.via, step] }
  }
  return resolved
}
