// Room queue: what a person (or the brake of a stolen account) may do to queued mail. Every action is in the ledger with who did it.

import type { ActionPendingEvent } from '../../observe/events.ts'
import type { QueueFilter } from './recipient-filter.ts'
import type { Suspension } from '../sqlite/store/statements/destination-rows.ts'
import type { RecipientState } from './states.ts'

export type ControlAction = ActionPendingEvent['action']

export interface ControlRequest {
  readonly action: ControlAction
  readonly filter: QueueFilter
  /** Who asks, for the ledger. */
  readonly by: string
  readonly reason: string
}

/** What is asked of a destination, by whom and why, for the ledger. */
export interface DestinationRequest {
  readonly nextHop: string
  readonly by: string
  readonly reason: string
}

export interface ControlResult {
  /** Recipients changed now. */
  readonly changed: number
  /** Recipients under way: the wish takes effect if their attempt does not end them. */
  readonly afterAttempt: number
}

/** Steering of a queue, beside the contract of queue.ts that carries the mail. */
export interface QueueControl {
  /** Applies an action to every recipient that matches, in short steps that do not hold up the mail. */
  control(request: ControlRequest): Promise<ControlResult>
  /** Stops attempts for a destination; its mail waits and does not expire. False if it already was suspended. */
  suspend(request: DestinationRequest): Promise<boolean>
  /** Ends a suspension. False if there was none. */
  resume(request: DestinationRequest): Promise<boolean>
  stats(): Promise<QueueStats>
}

export interface QueueStats {
  readonly messages: number
  readonly recipients: Readonly<Record<RecipientState, number>>
  readonly noticesDue: number
  /** Recipients older than their lifetime that do not expire because a person holds them or suspended their destination. */
  readonly keptBeyondLifetime: { readonly held: number; readonly suspended: number }
  /** Arrival of the oldest message, unix ms, or null. */
  readonly oldestArrivedAt: number | null
  readonly suspended: readonly Suspension[]
  /** Destinations with the most waiting, at most 20. */
  readonly destinations: readonly {
    readonly nextHop: string
    readonly waiting: number
    readonly earliestAttemptAt: number
  }[]
}

/** One step of a control action: a window of recipient row ids. */
export type ControlStep =
  | {
      readonly kind: 'act'
      readonly action: ControlAction
      readonly filter: QueueFilter
      readonly by: string
      readonly reason: string
      readonly after: number
      readonly now: number
    }
  | ({ readonly kind: 'suspend' | 'resume'; readonly now: number } & DestinationRequest)
  | { readonly kind: 'stats'; readonly now: number }

export type ControlStepResult =
  | { readonly kind: 'act'; readonly changed: number; readonly afterAttempt: number; readonly next: number | null }
  | { readonly kind: 'flag'; readonly changed: boolean }
  | { readonly kind: 'stats'; readonly stats: QueueStats }
