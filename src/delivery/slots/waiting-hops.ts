// The next hops that wait for something that deliveries share, such as a connection to one host. One of them is called for each that becomes
// free, in the order of arrival, so that thousands of domains of one provider do not all ask again and again.

import type { Clock } from '../../lib/clock.ts'

/** The wait of a next hop that is not called, ms. It doubles each time, so that what is never freed costs little. */
const FIRST_MS = 1000
const LONGEST_MS = 30_000
/** Waits remembered over all keys together. Beyond it all start again. */
const CAPACITY = 10_000
/** A next hop that did not ask again so long after its wait has no more mail, ms. */
const STALE_MS = 5000

interface Wait {
  readonly ms: number
  /** Monotonic ms. A next hop that asks earlier, for another message, does not wait longer for it. */
  readonly until: number
}

export class WaitingHops {
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #byKey = new Map<string, Map<string, Wait>>()
  #waits = 0
  #call: (nextHop: string) => void = () => undefined

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock
  }

  /** `call` is called with each next hop for which something became free. */
  onFree(call: (nextHop: string) => void): void {
    this.#call = call
  }

  /** Adds a next hop to those that wait. Returns the ms after which it asks again if it is not called before. */
  add(key: string, nextHop: string): number {
    const now = this.#clock.monotonic()
    const last = this.#byKey.get(key)?.get(nextHop)
    if (last && now < last.until) return last.until - now
    const ms = last ? Math.min(last.ms * 2, LONGEST_MS) : FIRST_MS
    if (!last) this.#makeSpace()
    const waits = this.#byKey.get(key) ?? new Map<string, Wait>()
    this.#byKey.set(key, waits)
    waits.set(nextHop, { ms, until: now + ms })
    return ms
  }

  /** The next hop got what it waited for. */
  served(key: string, nextHop: string): void {
    const waits = this.#byKey.get(key)
    if (!waits) return
    if (waits.delete(nextHop)) this.#waits--
    if (waits.size === 0) this.#byKey.delete(key)
  }

  /** For one more wait. */
  #makeSpace(): void {
    if (this.#waits >= CAPACITY) {
      this.#byKey.clear()
      this.#waits = 0
    }
    this.#waits++
  }

  /** One more is free: calls the next hop that has waited longest. */
  freed(key: string): void {
    const waits = this.#byKey.get(key)
    if (!waits) return
    const now = this.#clock.monotonic()
    for (const [nextHop, { until }] of waits) {
      this.served(key, nextHop)
      if (now > until + STALE_MS) continue
      return this.#call(nextHop)
    }
  }
}
