// A first-in, first-out list without repetitions, which takes its first entry without moving the others.

export class Ring<T> {
  readonly #entries = new Set<T>()

  get size(): number {
    return this.#entries.size
  }

  /** At the end, or where it is already. */
  push(entry: T): void {
    this.#entries.add(entry)
  }

  shift(): T | undefined {
    for (const entry of this.#entries) {
      this.#entries.delete(entry)
      return entry
    }
    return undefined
  }

  remove(entry: T): void {
    this.#entries.delete(entry)
  }
}
