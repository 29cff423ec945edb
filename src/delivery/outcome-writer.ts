// Writes outcomes into the queue, and gives back claims, and does not forget either while the queue cannot take them: what was delivered
// must not be sent again because a disk was full for a minute. While something is stuck the dispatcher claims nothing new.

import type { Clock } from '../lib/clock.ts'
import { errorText, type Log } from '../lib/log.ts'
import type { Claim, Queue, Settlement } from '../queue/contract/queue.ts'
import { QueueUnavailable } from '../queue/contract/queue-unavailable.ts'

/** Ms before the first repetition; doubles up to the second. */
const FIRST_BACKOFF = 100
const LAST_BACKOFF = 30_000
/** Repetitions of what the queue refuses for a reason other than its own health. */
const BUG_REPETITIONS = 3

export interface OutcomeWriterPorts {
  readonly queue: Pick<Queue, 'settle' | 'release'>
  readonly clock: Clock
  readonly log: Pick<Log, 'bug' | 'error' | 'info'>
  /** Called after each commit of a settlement. */
  readonly settled: (noticesDue: boolean) => void
}

export class OutcomeWriter {
  readonly #ports: OutcomeWriterPorts
  #unsettled = 0
  #stuck = 0
  #idleWaiters: (() => void)[] = []

  constructor(ports: OutcomeWriterPorts) {
    this.#ports = ports
  }

  /** Settlements and releases under way. */
  get unsettled(): number {
    return this.#unsettled
  }

  /** True while the queue refuses at least one. */
  get failing(): boolean {
    return this.#stuck > 0
  }

  /** Takes responsibility for the settlement; returns at once. */
  settle(settlement: Settlement): void {
    this.#take(`settle ${settlement.queueId}`, async () => {
      const { noticesDue } = await this.#ports.queue.settle(settlement)
      return () => this.#ports.settled(noticesDue)
    })
  }

  /** Gives claims back that were not begun; returns at once. A claim that nobody owns would wait for the next start of the node. */
  release(claims: readonly Claim[]): void {
    if (claims.length === 0) return
    this.#take(`release ${claims.length} claims`, async () => {
      await this.#ports.queue.release(claims)
      return () => undefined
    })
  }

  /** Resolves when nothing is unsettled. */
  idle(): Promise<void> {
    return this.#unsettled === 0 ? Promise.resolve() : new Promise((resolve) => this.#idleWaiters.push(resolve))
  }

  #take(what: string, work: () => Promise<() => void>): void {
    this.#unsettled++
    this.#keepTrying(work)
      .catch((error: unknown) => this.#ports.log.bug(error, what))
      .finally(() => {
        this.#unsettled--
        if (this.#unsettled === 0) for (const wake of this.#idleWaiters.splice(0)) wake()
      })
  }

  async #keepTrying(work: () => Promise<() => void>): Promise<void> {
    let backoff = FIRST_BACKOFF
    let bugs = 0
    let stuck = false
    for (;;) {
      const result = await work().catch((error: unknown) => ({ error }))
      const done = typeof result === 'function'
      // A claim that the queue finds impossible stays in it and is recovered at the next start: at worst a duplicate, never a loss.
      const hopeless = !done && !(result.error instanceof QueueUnavailable) && ++bugs > BUG_REPETITIONS
      if (done || hopeless) {
        if (stuck) this.#unstick()
        if (!done) throw result.error
        return result()
      }
      if (!stuck) this.#stick(result.error)
      stuck = true
      await this.#ports.clock.sleep(backoff)
      backoff = Math.min(backoff * 2, LAST_BACKOFF)
    }
  }

  #stick(error: unknown): void {
    this.#stuck++
    if (this.#stuck === 1)
      this.#ports.log.error({ cause: errorText(error) }, 'the queue cannot record outcomes; delivery is paused')
  }

  #unstick(): void {
    this.#stuck--
    if (this.#stuck === 0) this.#ports.log.info({}, 'the queue records outcomes again; delivery resumes')
  }
}
