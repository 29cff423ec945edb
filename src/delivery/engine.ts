// The contract of delivery: given a queue, the engine delivers its messages until it is drained.

import type { Claim } from '../queue/contract/queue.ts'
import type { DestinationView } from '../queue/scheduling/destination-state.ts'

export interface DeliveryStatus {
  /** Attempts and queue requests under way. */
  readonly running: number
  /** Claims held ready. */
  readonly inHand: number
  /** Outcomes and released claims that the queue has not recorded yet. */
  readonly unsettled: number
  readonly queueFailing: boolean
  readonly destinations: readonly DestinationView[]
}

export interface DeliveryEngine {
  start(): void
  /** False if the engine takes no claim of this next hop now: then the message is accepted without a claim. */
  hasCapacity(nextHop: string): boolean
  /** Takes claims that `queue.accept` returned. */
  takeClaims(claims: readonly Claim[]): void
  /** The operator wants this destination to be tried now (retry, resume): back-off and pauses end. */
  retryDestination(nextHop: string): void
  /** The operator suspended this destination: claims in hand are released; running attempts finish. */
  releaseDestination(nextHop: string): void
  status(): DeliveryStatus
  /** Stops claiming, waits up to `graceMs` for running attempts, releases the other claims and closes all connections. */
  drain(graceMs: number): Promise<void>
}
