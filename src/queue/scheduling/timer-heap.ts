// Room queue: a binary min-heap of keys by time, for the scheduler. Pure memory: no timers, no clock.
// Entries are never moved: a newer time for a key is pushed beside the old one and the reader drops what is stale.

interface Entry {
  readonly at: number
  readonly key: string
}

/** A min-heap of (time, key). All times are unix milliseconds. */
export class TimerHeap {
  readonly #entries: Entry[] = []

  get size(): number {
    return this.#entries.length
  }

  /** The earliest time, or null if there is nothing. */
  peek(): number | null {
    return this.#entries[0]?.at ?? null
  }

  /** The key with the earliest time without removing it, or null. */
  peekKey(): string | null {
    return this.#entries[0]?.key ?? null
  }

  push(at: number, key: string): void {
    const entries = this.#entries
    entries.push({ at, key })
    let child = entries.length - 1
    while (child > 0) {
      const parent = (child - 1) >> 1
      if (this.#at(parent) <= at) break
      this.#swap(child, parent)
      child = parent
    }
  }

  /** Removes and returns the key with the earliest time; null if there is nothing. */
  pop(): string | null {
    const entries = this.#entries
    const first = entries[0]
    if (first === undefined) return null
    const last = entries.pop() as Entry
    if (entries.length > 0) {
      entries[0] = last
      this.#sink()
    }
    return first.key
  }

  #sink(): void {
    const length = this.#entries.length
    let parent = 0
    for (;;) {
      const left = 2 * parent + 1
      if (left >= length) return
      const right = left + 1
      const child = right < length && this.#at(right) < this.#at(left) ? right : left
      if (this.#at(parent) <= this.#at(child)) return
      this.#swap(parent, child)
      parent = child
    }
  }

  #at(index: number): number {
    return (this.#entries[index] as Entry).at
  }

  #swap(a: number, b: number): void {
    const entries = this.#entries
    const kept = entries[a] as Entry
    entries[a] = entries[b] as Entry
    entries[b] = kept
  }
}
