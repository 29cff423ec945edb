// Steps 1 and 2 of the look-up: the entry of the address itself, or of the address without its +tag.

import { printAddress } from '../directory/address.ts'
import { refusal } from '../smtp/reply.ts'
import { expand } from './expand.ts'
import { deliverTo, loopAt } from './resolution-state.ts'
import type { AddressResult, Branch, Match, Owner, ResolutionState } from './resolution-state.ts'

/** Null if the record has nothing that resolves the address. `isSelf`: an entry keeps a copy for its own address. */
export async function resolveByRecord(
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
      // The copy that `kim+x` keeps for itself arrives at `kim`, whose own entry has been followed already.
      if (isSelf) continue
      return loopAt(branch, key)
    }
    return await expand(state, branch, { entry, owner: { key, field }, tag, rule: field })
  }
  return record.transport ? deliverTo(state, branch, record.transport) : null
}

/** True for the entries that come before or at the one whose targets are being followed. */
function isPast(owner: Owner | null, key: string, field: 'alias' | 'forward'): boolean {
  if (owner?.key !== key) return false
  return owner.field === field || owner.field === 'hostAlias' || (owner.field === 'forward' && field === 'alias')
}
