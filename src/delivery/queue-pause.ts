// A pause after the queue failed to return claims, so that a queue with a full disk is not asked in a loop. Log lines mark the first
// failure and the recovery.

import type { Clock } from '../lib/clock.ts'
import { errorText, type Log } from '../lib/log.ts'

/** Length of the pause, ms. */
const PAUSE_MS = 1000

export interface QueuePausePorts {
  readonly clock: Pick<Clock, 'monotonic'>
  readonly log: Pick<Log, 'error' | 'info'>
}

export class QueuePause {
  readonly #ports: QueuePausePorts
  /** Monotonic ms. */
  #until = 0
  #failing = false

  constructor(ports: QueuePausePorts) {
    this.#ports = ports
  }

  /** Remaining pause, ms; 0 for none. */
  get remainingMs(): number {
    return Math.max(0, this.#until - this.#ports.clock.monotonic())
  }

  fail(error: unknown): void {
    if (!this.#failing)
      this.#ports.log.error({ cause: errorText(error) }, 'the queue does not return claims; delivery is paused')
    this.#failing = true
    this.#until = this.#ports.clock.monotonic() + PAUSE_MS
  }

  succeed(): void {
    if (this.#failing) this.#ports.log.info({}, 'the queue returns claims again; delivery resumes')
    this.#failing = false
  }
}
