// Regular sweeps for recipients that no attempt reaches, because their destination is unreachable all the time: they expire at the end of
// their lifetime, and their senders are notified of the delay. A quarantine ends here too.

import type { Clock, Timer } from '../../lib/clock.ts'
import { ContinuousUptime } from '../scheduling/continuous-uptime.ts'
import type { RetrySettings } from '../scheduling/retry-schedule.ts'
import type { OperationResults } from './worker/worker-protocol.ts'
import type { StoreClient } from './worker/store-client.ts'

/** Time between two sweeps, ms. */
const SWEEP_MS = 60_000

export interface SweepPorts {
  readonly client: StoreClient
  readonly clock: Clock
  readonly retry: RetrySettings
}

export class LifetimeSweeps {
  readonly #ports: SweepPorts
  readonly #timer: Timer
  /** Row id of the last message that was judged delayed or not. */
  #judgedTo = 0
  #stopped = false

  constructor(ports: SweepPorts) {
    this.#ports = ports
    const uptime = new ContinuousUptime(ports.clock)
    this.#timer = ports.clock.every(SWEEP_MS, () => {
      void this.endHolds().catch(() => {})
      // Within the longest gap every recipient is attempted once.
      if (uptime.elapsedMs() < ports.retry.maximalGapMs) return
      void this.expireOverdue().catch(() => {})
      void this.findDelayed().catch(() => {})
    })
  }

  /** Ends waiting recipients whose lifetime is over. Returns how many. */
  async expireOverdue(): Promise<number> {
    const { client, clock } = this.#ports
    let expired = 0
    for (let after: number | null = 0; after !== null && !this.#stopped; ) {
      const { value }: { value: OperationResults['expire'] } = await client.run({
        kind: 'expire',
        now: clock.now(),
        after,
      })
      expired += value.expired
      after = value.next
    }
    return expired
  }

  /** Fails held recipients whose hold has an end that is over. Returns how many. */
  async endHolds(): Promise<number> {
    const { client, clock } = this.#ports
    let ended = 0
    for (let more = true; more && !this.#stopped; ) {
      const { value } = await client.run({ kind: 'end-holds', now: clock.now() })
      ended += value.ended
      more = value.more
    }
    return ended
  }

  /** Marks recipients whose delay is to be reported and was not yet. Returns how many. */
  async findDelayed(): Promise<number> {
    const { client, clock } = this.#ports
    let late = 0
    for (let more = true; more && !this.#stopped; ) {
      const { value } = await client.run({ kind: 'find-delayed', now: clock.now(), after: this.#judgedTo })
      late += value.late
      this.#judgedTo = value.upTo
      more = value.more
    }
    return late
  }

  stop(): void {
    this.#stopped = true
    this.#timer.cancel()
  }
}
