// The contract of delivery: given a queue, the engine delivers its messages until it is drained.

import type { Claim } from '../queue/contract/queue.ts'
import type { DestinationWait } from '../queue/scheduling/destination-wait.ts'

export interface EngineWaits {
  /** Why no destination gets a delivery; null if only single ones wait. */
  readonly paused: string | null
  readonly destinations: readonly DestinationWait[]
}

export interface DeliveryEngine {
  start(): void
  /** False if the engine takes no claim of this next hop now: then the message is accepted without a claim. */
  hasCapacity(nextHop: string): boolean
  /** Takes claims that `queue.accept` returned. */
  takeClaims(claims: readonly Claim[]): void
  /** The operator wants this destination to be tried now (retry, resume): back-off and pauses end. */
  retryDestination(nextHop: string): void
  /** The operator suspended this destination: its buffered claims are released; running attempts finish. */
  releaseDestination(nextHop: string): void
  /** Why deliveries do not start now, for operators. */
  waits(): Promise<EngineWaits>
  /** Stops claiming, waits up to `graceMs` for running attempts, releases the other claims and closes all connections. */
  drain(graceMs: number): Promise<void>
}
