// One timer per key in a binary min-heap, for the scheduler. Pure memory: it sets no timer of the system and reads no clock.
// Entries are never moved: a new time is pushed beside the old one, and the reader drops entries that are out of date.

interface Entry {
  readonly at: number
  readonly key: string
}

/** Keys by time, earliest first. A time is a number of any clock; each heap uses one. */
export class TimerHeap {
  readonly #entries: Entry[] = []
  readonly #times = new Map<string, number>()

  /** Entries in memory, out-of-date ones included. */
  get size(): number {
    return this.#entries.length
  }

  /** Sets or replaces the timer of a key. */
  set(key: string, at: number): void {
    if (this.#times.get(key) === at) return
    this.#times.set(key, at)
    this.#push({ at, key })
  }

  clear(key: string): void {
    this.#times.delete(key)
  }

  /** The earliest time, or null without a timer. */
  earliest(): number | null {
    for (let first = this.#entries[0]; first; first = this.#entries[0]) {
      if (this.#times.get(first.key) === first.at) return first.at
      this.#removeFirst()
    }
    return null
  }

  /** Clears the earliest timer that is due at `now` and returns its key, or null if none is due. */
  takeDue(now: number): string | null {
    const at = this.earliest()
    if (at === null || at > now) return null
    const { key } = this.#entries[0] as Entry
    this.#removeFirst()
    this.#times.delete(key)
    return key
  }

  #push(entry: Entry): void {
    const entries = this.#entries
    entries.push(entry)
    let child = entries.length - 1
    while (child > 0) {
      const parent = (child - 1) >> 1
      if (this.#at(parent) <= this.#at(child)) break
      this.#swap(child, parent)
      child = parent
    }
  }

  #removeFirst(): void {
    const entries = this.#entries
    const last = entries.pop() as Entry
    if (entries.length === 0) return
    entries[0] = last
    this.#sink()
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
