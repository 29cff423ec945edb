// A snapshot as a source of the directory, and when its answers may be incomplete. Used by the running mirror and by commands.

import type { Mailbox } from '../../smtp/mailbox.ts'
import { addressKey } from '../address.ts'
import type { AddressRecord } from '../directory.ts'
import type { ExternalSource, AliasGrants, SourceAnswer, SourceUserAnswer } from '../external-source.ts'
import type { ContentIndex } from './index-content.ts'
import type { MirrorState } from './snapshot-store.ts'

export interface MirrorView {
  /** Null before there is any snapshot. */
  readonly index: ContentIndex | null
  /** Why a name that the snapshot lacks may exist; null if it does not. */
  readonly incomplete: string | null
}

/** A source that answers at once. */
export interface SnapshotSource extends ExternalSource {
  find(key: string): SourceAnswer
  user(name: string): SourceUserAnswer
  aliasGrants(address: Mailbox): AliasGrants
}

/** A source that answers from the current view. */
export function viewSource(name: string, domains: ReadonlySet<string>, view: () => MirrorView): SnapshotSource {
  return {
    name,
    domains,
    find: (key: string) => {
      const { index, incomplete } = view()
      const record: AddressRecord | null = index?.records.get(key) ?? null
      return { record, incomplete }
    },
    mayHave: (key: string) => {
      const { index, incomplete } = view()
      return incomplete !== null || index?.records.has(key) === true
    },
    user: (user: string) => {
      const value = view().index?.users.get(user)
      // A user that the snapshot lacks comes from another source, so a failure here does not matter.
      return value ? { kind: 'found', value } : { kind: 'absent' }
    },
    aliasGrants: (address: Mailbox) => ({
      grants: view().index?.aliasGrants.get(addressKey(address)) ?? [],
      incomplete: null,
    }),
  }
}

/** Intervals without a reading after which the snapshot counts as out of date. */
const STALE_INTERVALS = 3
/** Added to these intervals, because a reading may take long. */
const STALE_GRACE_MS = 60_000

export interface MirrorFacts {
  readonly name: string
  readonly state: MirrorState
  readonly pinned: number | null
  readonly refreshMs: number
  readonly now: number
}

/** Why the snapshot may lack names; null if it is current. */
export function incompleteCause({ name, state, pinned, refreshMs, now }: MirrorFacts): string | null {
  if (state.failure) return `${name}: ${state.failure.cause}`
  if (pinned !== null) return `${name}: rolled back to version ${pinned}`
  if (state.confirmedAt === null) return `${name}: has not been read yet`
  const age = now - state.confirmedAt
  if (age <= refreshMs * STALE_INTERVALS + STALE_GRACE_MS) return null
  return `${name}: last read ${Math.round(age / 1000)} s ago`
}
