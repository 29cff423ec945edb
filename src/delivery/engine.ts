// Delivery's contract towards the node: started with a queue, it keeps delivering until drained.

import type { Claim } from '../queue/contract/queue.ts'

export interface DeliveryEngine {
  start(): void
  /** Takes claims that `queue.accept` returned; false if there is no room for them now (then do not claim at accept). */
  hasRoom(nextHop: string): boolean
  take(claims: readonly Claim[]): void
  /** Stops claiming, waits for running attempts up to `graceMs`, gives the rest back, closes connections. */
  drain(graceMs: number): Promise<void>
}
