// What an operator may do to queued mail. Every action is in the ledger, with the name of the operator.

import type { ActionPendingEvent } from '../../observe/events.ts'
import type { QueueFilter } from './recipient-filter.ts'

export type ControlAction = ActionPendingEvent['action']

export interface ControlRequest {
  readonly action: ControlAction
  readonly filter: QueueFilter
  /** Name of the operator, for the ledger. */
  readonly by: string
  /** For the ledger; empty for none. */
  readonly reason: string
}

/** An action on a destination. */
export interface DestinationRequest {
  readonly nextHop: string
  /** Name of the operator, for the ledger. */
  readonly by: string
  /** For the ledger; empty for none. */
  readonly reason: string
}

export interface ControlResult {
  /** Recipients changed now. */
  readonly changed: number
  /** Recipients whose attempt is running: the action is applied when it ends without a final outcome. */
  readonly afterAttempt: number
}

/** Every method rejects with QueueUnavailable. */
export interface QueueControl {
  /** Applies an action to every recipient that matches, in short steps between the commits of the node. */
  control(request: ControlRequest): Promise<ControlResult>
  /** Stops attempts to a destination; its mail waits and does not expire. False if it is suspended already. */
  suspend(request: DestinationRequest): Promise<boolean>
  /** Ends a suspension. False if there is none. */
  resume(request: DestinationRequest): Promise<boolean>
}

/** Enhanced status of a recipient that an operator bounces (RFC 3463: other or undefined status). No other refusal of this node has it. */
export const BOUNCED_STATUS = '5.0.0'
