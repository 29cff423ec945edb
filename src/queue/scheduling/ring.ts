// A first-in, first-out list that takes its first entry without moving the others.

/** Used-up places at the front before the list is copied: amortises the copy. */
const COMPACT = 1024

export class Ring<T> {
  #entries: T[] = []
  #head = 0

  get size(): number {
    return this.#entries.length - this.#head
  }

  push(entry: T): void {
    this.#entries.push(entry)
  }

  shift(): T | undefined {
    const entry = this.#entries[this.#head]
    if (this.size === 0) return undefined
    this.#head++
    if (this.#head > COMPACT && this.#head * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#head)
      this.#head = 0
    }
    return entry
  }
}
