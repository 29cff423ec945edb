// Percentiles of any number of durations in bounded memory: counts of classes, each 10 % wider than the one before it.

const WIDTH = Math.log(1.1)

export class DurationCounts {
  /** By class; the first one has everything below a millisecond. */
  readonly #counts: number[] = []
  #total = 0

  get total(): number {
    return this.#total
  }

  /** @param ms milliseconds; below 1 counts as 0 */
  add(ms: number, times = 1): void {
    const index = ms < 1 ? 0 : 1 + Math.floor(Math.log(ms) / WIDTH)
    this.#counts[index] = (this.#counts[index] ?? 0) + times
    this.#total += times
  }

  /** Milliseconds, at most 10 % too low; 0 for less than one. `part`: 0.5 is the median. */
  percentile(part: number): number {
    let left = this.#total * part
    for (const [index, count = 0] of this.#counts.entries()) {
      left -= count
      if (left <= 0 && count > 0) return index === 0 ? 0 : Math.round(Math.exp((index - 1) * WIDTH))
    }
    return 0
  }
}
