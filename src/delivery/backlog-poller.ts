// Keeps the backlog true: asks the queue what waits, not more often than useful and not less often than safe. When the queue does not
// answer, delivery pauses for a moment; that is not to be confused with an empty queue.

import type { Clock } from '../lib/clock.ts'
import type { Queue } from '../queue/contract/queue.ts'
import type { Backlog } from './backlog.ts'
import type { DeliveryLog } from './log-port.ts'

/** Ms to wait after the queue failed to give claims or a summary. */
export const QUEUE_PAUSE = 1000

export interface SummarySettings {
  /** Least ms between two summaries. */
  readonly refreshMs: number
  /** One is asked for at least this often: another process may have changed the queue. */
  readonly refreshAtLeastMs: number
}

export interface SummaryPorts {
  readonly queue: Pick<Queue, 'destinations'>
  readonly backlog: Backlog
  readonly clock: Clock
  readonly log: DeliveryLog
  /** The next one is due at that time. */
  readonly dueAt: (time: number) => void
  /** These destinations look different; called with each summary, also an empty list. */
  readonly changed: (nextHops: readonly string[]) => void
}

export class Summaries {
  readonly #settings: SummarySettings
  readonly #ports: SummaryPorts
  #asking = false
  #askedAt = Number.NEGATIVE_INFINITY
  #dueAt = Number.POSITIVE_INFINITY
  #pausedUntil = 0
  #troubled = false
  /** The latest time seen. */
  #lastNow = Number.NEGATIVE_INFINITY

  constructor(settings: SummarySettings, ports: SummaryPorts) {
    this.#settings = settings
    this.#ports = ports
  }

  /** Until when the queue is left alone, unix ms. */
  get pausedUntil(): number {
    return this.#pausedUntil
  }

  /** When the next one is due, unix ms; none while one is under way, as its end plans again. */
  get dueAt(): number {
    return this.#asking ? Number.POSITIVE_INFINITY : this.#dueAt
  }

  /** Something changed: asks as soon as it may. */
  soon(): void {
    const now = this.#now()
    this.#plan(Math.max(this.#askedAt + this.#settings.refreshMs, this.#pausedUntil, now))
  }

  /** Asks now if one is due; null if not. Never rejects. */
  askIfDue(): Promise<void> | null {
    const now = this.#now()
    if (this.#asking || this.#dueAt > now) return null
    this.#asking = true
    this.#dueAt = Number.POSITIVE_INFINITY
    return this.#ask()
  }

  /** The queue did not do what it was asked. */
  failed(error: unknown): void {
    if (!this.#troubled) this.#ports.log.queueTrouble(error instanceof Error ? error.message : String(error))
    this.#troubled = true
    this.#pausedUntil = this.#now() + QUEUE_PAUSE
    this.soon()
  }

  async #ask(): Promise<void> {
    const { queue, backlog } = this.#ports
    const { refreshMs, refreshAtLeastMs } = this.#settings
    const since = backlog.now()
    try {
      const changed = backlog.update(await queue.destinations(), since)
      this.#works()
      // What was claimed meanwhile is not known from this one.
      this.#asked(backlog.claimedSince(since) ? refreshMs : refreshAtLeastMs)
      this.#ports.changed(changed)
    } catch (error) {
      this.failed(error)
      this.#asked(QUEUE_PAUSE)
      this.#ports.changed([])
    }
  }

  /** @param again ms until the next one at the latest */
  #asked(again: number): void {
    this.#asking = false
    this.#askedAt = this.#now()
    this.#plan(this.#askedAt + again)
  }

  /** The time; if it went back (a step of the clock), what was planned goes back with it. */
  #now(): number {
    const now = this.#ports.clock.now()
    const back = this.#lastNow - now
    if (back > 0) {
      this.#askedAt -= back
      this.#dueAt -= back
      this.#pausedUntil -= back
    }
    this.#lastNow = now
    return now
  }

  #plan(time: number): void {
    this.#dueAt = Math.min(this.#dueAt, time)
    this.#ports.dueAt(this.dueAt)
  }

  #works(): void {
    if (this.#troubled) this.#ports.log.queueRecovered()
    this.#troubled = false
  }
}
