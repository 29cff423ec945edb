// The state of one resolution, from a forward-path to its final targets.

import { addressKey, parseAddress, printAddress } from '../directory/address.ts'
import { CHAIN_LIMIT } from '../directory/directory.ts'
import type { AddressRecord, Directory } from '../directory/directory.ts'
import type { Turns } from '../lib/turns.ts'
import type { Mailbox } from '../smtp/mailbox.ts'
import type { Refusal } from '../smtp/reply.ts'
import type { Wanted } from './forward-terms.ts'
import type { ForwardTerms, ResolveRequest, ReversedSrs, Step } from './resolution.ts'
import type { RouterSettings } from './router-settings.ts'
import { looping } from './routing-replies.ts'

/** Keys in a chain: up to two for each entry. */
export const CHAIN_DEPTH_LIMIT = 2 * CHAIN_LIMIT

/** A destination before its reverse-path is known. */
export interface FinalTarget {
  readonly address: Mailbox
  readonly nextHop: string
  /** True if it leaves for a foreign host, so that SRS applies. */
  readonly leaves: boolean
  /** As in Destination. */
  readonly private: boolean
  readonly forward?: ForwardTerms
  readonly relayedForwards?: readonly ForwardTerms[]
  /** True if the address has the tag of a group above it, which does not make it another mailbox. */
  readonly hasGroupTag?: boolean
  readonly via: readonly Step[]
}

/** A member of a group that cannot be resolved while others can. */
export interface FailedMember {
  readonly reply: Refusal
  readonly via: readonly Step[]
}

/** The entry whose targets are being followed. */
export interface Owner {
  readonly key: string
  readonly field: 'alias' | 'forward' | 'hostAlias'
}

/** One address under resolution, with the steps that led to it. */
export interface Branch extends Wanted {
  readonly address: Mailbox
  readonly via: readonly Step[]
  readonly owner: Owner | null
  /** Keys of all entries above; one that occurs again is a loop. */
  readonly chain: readonly string[]
  /** True if the tag of the address was given to all members of a group. */
  readonly hasGroupTag?: boolean
}

/** A record, the key that it has in the directory, and the tag that the look-up left over. */
export interface Match {
  readonly record: AddressRecord
  readonly key: string
  readonly tag: string | null
}

/** The result for one address. The final targets of a resolved one are in the state. */
export type AddressResult =
  | { readonly kind: 'resolved' }
  | { readonly kind: 'discarded'; readonly reason: string; readonly via: readonly Step[] }
  | { readonly kind: 'unknown'; readonly via: readonly Step[]; readonly cause: string }
  | { readonly kind: 'refused'; readonly reply: Refusal; readonly via: readonly Step[] }
  /** Ends the whole resolution. `reply`: if the cause is not a source that cannot answer. */
  | { readonly kind: 'unavailable'; readonly cause: string; readonly via: readonly Step[]; readonly reply?: Refusal }

export interface ResolutionState {
  readonly request: ResolveRequest
  readonly settings: RouterSettings
  readonly directory: Directory
  readonly turns: Turns
  /** Only addFinalTarget adds to it. */
  readonly finalTargets: FinalTarget[]
  /** Address key → indexes of the final targets whose steps pass it. */
  readonly finalTargetsByAddress: Map<string, number[]>
  readonly failedMembers: FailedMember[]
  /** Null unless the forward-path is an SRS address of ours. */
  reversed: ReversedSrs | null
  /** Results by address key; `open` while the address is being followed. */
  readonly visited: Map<string, AddressResult | 'open'>
  /** resolve-address.ts; passed along so that expand.ts and resolve-domain.ts need not import it in a circle. */
  readonly resolveAddress: (state: ResolutionState, branch: Branch) => Promise<AddressResult>
}

export const resolved: AddressResult = { kind: 'resolved' }

/**
 * Adds a final target, if the meter allows it, and indexes it by every address on its path, as large groups reach the same members
 * again and again.
 */
export function addFinalTarget(state: ResolutionState, target: FinalTarget): AddressResult {
  const reply = state.request.meter?.add() ?? null
  if (reply) return { kind: 'unavailable', cause: reply.cause, via: target.via, reply }
  const index = state.finalTargets.push(target) - 1
  for (const step of target.via) {
    const to = parseAddress(step.to)
    if (!to) continue
    const key = addressKey(to)
    const known = state.finalTargetsByAddress.get(key)
    if (known) known.push(index)
    else state.finalTargetsByAddress.set(key, [index])
  }
  return resolved
}

/** Ends a branch at a transport of the address or its domain. */
export function deliverTo(
  state: ResolutionState,
  { address, via, hasGroupTag }: Branch,
  { nextHop, source }: { readonly nextHop: string; readonly source: string },
): AddressResult {
  const step: Step = { rule: 'transport', from: printAddress(address), to: nextHop, source }
  return addFinalTarget(state, {
    address,
    nextHop,
    leaves: false,
    private: false,
    ...(hasGroupTag ? { hasGroupTag } : {}),
    via: [...via, step],
  })
}

export function refused(branch: Branch, reply: Refusal): AddressResult {
  return { kind: 'refused', reply, via: branch.via }
}

/** Refuses a branch that returns to an entry above it. */
export function loopAt(branch: Branch, key: string): AddressResult {
  const loop = [...branch.chain.slice(Math.max(0, branch.chain.indexOf(key))), key]
  return refused(branch, looping(loop.filter((each, index) => each !== loop[index - 1]).join(' → ')))
}
