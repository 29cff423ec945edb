// Records outcomes and releases claims in the queue, and repeats both while the queue fails: a delivered message must not be sent again
// because a disk was full for a minute. While a write fails, the dispatcher claims nothing.

import type { Clock } from '../lib/clock.ts'
import { errorText, type Log } from '../lib/log.ts'
import type { Claim, Queue, Settlement } from '../queue/contract/queue.ts'
import { QueueUnavailable } from '../queue/contract/queue-unavailable.ts'

/** Ms before the first repetition. It doubles up to the longest. */
const FIRST_BACKOFF_MS = 100
const LONGEST_BACKOFF_MS = 30_000
/** Repetitions of a write that the queue refuses although it is available. */
const BUG_REPETITIONS = 3

export interface OutcomeWriterPorts {
  readonly queue: Pick<Queue, 'settle' | 'release'>
  readonly clock: Clock
  readonly log: Pick<Log, 'bug' | 'error' | 'info'>
  /** Called after each commit of outcomes. */
  readonly settled: (noticesDue: boolean) => void
}

export class OutcomeWriter {
  readonly #ports: OutcomeWriterPorts
  #unsettled = 0
  #failing = 0
  #idleWaiters: (() => void)[] = []

  constructor(ports: OutcomeWriterPorts) {
    this.#ports = ports
  }

  /** Outcomes and releases that are not recorded yet. */
  get unsettled(): number {
    return this.#unsettled
  }

  /** True while at least one write fails. */
  get failing(): boolean {
    return this.#failing > 0
  }

  /** Records outcomes; returns at once. */
  settle(settlement: Settlement): void {
    this.#write(`settle ${settlement.queueId}`, async () => {
      const { noticesDue } = await this.#ports.queue.settle(settlement)
      return () => this.#ports.settled(noticesDue)
    })
  }

  /** Releases claims that were not attempted; returns at once. A claim that is lost would wait until the next start of the node. */
  release(claims: readonly Claim[]): void {
    if (claims.length === 0) return
    this.#write(`release ${claims.length} claims`, async () => {
      await this.#ports.queue.release(claims)
      return () => undefined
    })
  }

  /** Resolves when nothing is unsettled. */
  idle(): Promise<void> {
    return this.#unsettled === 0 ? Promise.resolve() : new Promise((resolve) => this.#idleWaiters.push(resolve))
  }

  #write(context: string, work: () => Promise<() => void>): void {
    this.#unsettled++
    this.#keepTrying(work)
      .catch((error: unknown) => this.#ports.log.bug(error, context))
      .finally(() => {
        this.#unsettled--
        if (this.#unsettled === 0) for (const wake of this.#idleWaiters.splice(0)) wake()
      })
  }

  async #keepTrying(work: () => Promise<() => void>): Promise<void> {
    let backoff = FIRST_BACKOFF_MS
    let bugs = 0
    let failing = false
    for (;;) {
      const result = await work().catch((error: unknown) => ({ error }))
      const done = typeof result === 'function'
      // A claim whose outcome the queue refuses is recovered at the next start: at worst a duplicate, never a loss.
      const hopeless = !done && !(result.error instanceof QueueUnavailable) && ++bugs > BUG_REPETITIONS
      if (done || hopeless) {
        if (failing) this.#recovered()
        if (!done) throw result.error
        return result()
      }
      if (!failing) this.#failed(result.error)
      failing = true
      await this.#ports.clock.sleep(backoff)
      backoff = Math.min(backoff * 2, LONGEST_BACKOFF_MS)
    }
  }

  #failed(error: unknown): void {
    this.#failing++
    if (this.#failing === 1)
      this.#ports.log.error({ cause: errorText(error) }, 'the queue cannot record outcomes; delivery is paused')
  }

  #recovered(): void {
    this.#failing--
    if (this.#failing === 0) this.#ports.log.info({}, 'the queue records outcomes again; delivery resumes')
  }
}
