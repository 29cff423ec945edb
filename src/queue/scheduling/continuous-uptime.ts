// Room queue: since when this node has been at work without a break. After a stop, a suspended machine or a step of the clock, mail whose
// lifetime passed meanwhile is attempted before it is ended: nobody had tried.

export class Unbroken {
  readonly #longestPauseMs: number
  #since: number
  #seenAt: number

  /** `longestPauseMs` is more than passes between two calls of `for` on a node that works. Times are unix milliseconds. */
  constructor(now: number, longestPauseMs: number) {
    this.#longestPauseMs = longestPauseMs
    this.#since = now
    this.#seenAt = now
  }

  /** For how long, ms; to be asked regularly. */
  for(now: number): number {
    const passed = now - this.#seenAt
    if (passed < 0 || passed > this.#longestPauseMs) this.#since = now
    this.#seenAt = now
    return now - this.#since
  }
}
