// The state of one resolution on its way from a forward-path to destinations.
// Room: route.

import { addressKey, parseAddress } from '../directory/address.ts'
import { CHAIN_LIMIT } from '../directory/directory.ts'
import type { Directory } from '../directory/directory.ts'
import type { Mailbox } from '../smtp/mailbox.ts'
import type { Refusal } from '../smtp/reply.ts'
import type { Wanted } from './forward-terms.ts'
import type { ForwardTerms, ResolveRequest, Step } from './resolution.ts'
import type { RouterSettings } from './router-settings.ts'

/** Keys in a chain, up to two for each entry. */
export const CHAIN_DEPTH_LIMIT = 2 * CHAIN_LIMIT

/** A destination before the sender is looked at. */
export interface FinalTarget {
  readonly address: Mailbox
  readonly nextHop: string
  /** Goes to the world: SRS applies. */
  readonly leaves: boolean
  readonly private: boolean
  /** As in resolution.ts. */
  readonly forward?: ForwardTerms
  readonly handedOver?: readonly ForwardTerms[]
  readonly via: readonly Step[]
}

/** One member that found no way while others of its group did. */
export interface FailedMember {
  readonly reply: Refusal
  readonly via: readonly Step[]
}

/** The entry whose targets are being followed. */
export interface Owner {
  readonly key: string
  readonly field: 'alias' | 'forward' | 'hostAlias'
}

/** Where the state stands. */
export interface Branch extends Wanted {
  readonly address: Mailbox
  readonly via: readonly Step[]
  readonly owner: Owner | null
  /** Keys of all entries above: meeting one again is a loop. */
  readonly chain: readonly string[]
}

export type AddressResult =
  | { readonly kind: 'resolved' }
  | { readonly kind: 'discarded'; readonly reason: string; readonly via: readonly Step[] }
  | { readonly kind: 'unknown'; readonly via: readonly Step[]; readonly cause: string }
  | { readonly kind: 'refused'; readonly reply: Refusal; readonly via: readonly Step[] }
  | { readonly kind: 'unavailable'; readonly cause: string; readonly via: readonly Step[] }

export interface ResolutionState {
  readonly request: ResolveRequest
  readonly settings: RouterSettings
  readonly directory: Directory
  /** Added by `grow` only. */
  readonly finalTargets: FinalTarget[]
  /** Address key → the leaves whose way passes it. */
  readonly finalTargetsByAddress: Map<string, number[]>
  readonly failedMembers: FailedMember[]
  /** Addresses that were followed already, with what came of them: met again, they only merge. */
  readonly visited: Map<string, AddressResult | 'open'>
  /** Places one address (place.ts); here so that expand.ts need not know it. */
  readonly resolveAddress: (state: ResolutionState, point: Branch) => Promise<AddressResult>
}

export const resolved: AddressResult = { kind: 'resolved' }

/** Adds a target, and files it under every address on its way: large groups meet the same people again and again. */
export function addFinalTarget(state: ResolutionState, target: FinalTarget): void {
  const index = state.finalTargets.push(target) - 1
  for (const step of target.via) {
    const to = parseAddress(step.to)
    if (!to) continue
    const key = addressKey(to)
    const known = state.finalTargetsByAddress.get(key)
    if (known) known.push(index)
    else state.finalTargetsByAddress.set(key, [index])
  }
}
