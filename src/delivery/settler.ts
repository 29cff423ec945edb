// Writes outcomes into the queue and does not forget them while the queue cannot take them: what was delivered must not be sent again
// because a disk was full for a minute. While something is stuck the dispatcher claims nothing new.

import type { Clock } from '../lib/clock.ts'
import type { Queue, Settlement } from '../queue/queue.ts'
import { QueueUnavailable } from '../queue/unavailable.ts'
import type { DeliveryLog } from './log-port.ts'

/** Ms before the first repetition; doubles up to the second. */
const FIRST_BACKOFF = 100
const LAST_BACKOFF = 30_000
/** Repetitions of a settlement that the queue refuses for a reason other than its own health. */
const BUG_REPETITIONS = 3

export interface SettlerPorts {
  readonly queue: Pick<Queue, 'settle'>
  readonly clock: Clock
  readonly log: DeliveryLog
  /** Called after each commit. */
  readonly settled: (settlement: Settlement, noticesDue: boolean) => void
}

export class Settler {
  readonly #ports: SettlerPorts
  #unsettled = 0
  #stuck = 0
  #idleWaiters: (() => void)[] = []

  constructor(ports: SettlerPorts) {
    this.#ports = ports
  }

  /** Settlements under way. */
  get unsettled(): number {
    return this.#unsettled
  }

  /** True while the queue refuses at least one. */
  get failing(): boolean {
    return this.#stuck > 0
  }

  /** Takes responsibility for the settlement; returns at once. */
  settle(settlement: Settlement): void {
    this.#unsettled++
    this.#keepTrying(settlement)
      .catch((error: unknown) => this.#ports.log.bug(error, `settle ${settlement.queueId}`))
      .finally(() => {
        this.#unsettled--
        if (this.#unsettled === 0) for (const wake of this.#idleWaiters.splice(0)) wake()
      })
  }

  /** Resolves when nothing is unsettled. */
  idle(): Promise<void> {
    return this.#unsettled === 0 ? Promise.resolve() : new Promise((resolve) => this.#idleWaiters.push(resolve))
  }

  async #keepTrying(settlement: Settlement): Promise<void> {
    let backoff = FIRST_BACKOFF
    let bugs = 0
    let stuck = false
    for (;;) {
      const failure = await this.#tryOnce(settlement)
      if (failure === null) {
        if (stuck) this.#unstick()
        return
      }
      if (!(failure instanceof QueueUnavailable) && ++bugs > BUG_REPETITIONS) {
        // The claim stays in the queue and is recovered at the next start: at worst a duplicate, never a loss.
        if (stuck) this.#unstick()
        throw failure
      }
      if (!stuck) this.#stick(failure)
      stuck = true
      await this.#ports.clock.sleep(backoff)
      backoff = Math.min(backoff * 2, LAST_BACKOFF)
    }
  }

  async #tryOnce(settlement: Settlement): Promise<unknown> {
    let noticesDue: boolean
    try {
      noticesDue = (await this.#ports.queue.settle(settlement)).noticesDue
    } catch (error) {
      return error ?? new Error('the queue gave no reason')
    }
    this.#ports.settled(settlement, noticesDue)
    return null
  }

  #stick(error: unknown): void {
    this.#stuck++
    if (this.#stuck === 1) this.#ports.log.queueTrouble(error instanceof Error ? error.message : String(error))
  }

  #unstick(): void {
    this.#stuck--
    if (this.#stuck === 0) this.#ports.log.queueRecovered()
  }
}
