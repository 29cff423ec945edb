// Counts keys of which strangers make any number, and keeps the frequent ones in bounded memory.

/** Keys that are kept. What is frequent in a week of a busy node is among the thousand most frequent at any time. */
const MAX_KEYS = 2_000

export interface Counted {
  readonly key: string
  readonly count: number
  /** A queue ID or a session, for `waypost trace`: the newest. */
  readonly example: string
}

export class TopCounts {
  readonly #counts = new Map<string, { count: number; example: string }>()

  add(key: string, example: string, count = 1): void {
    const known = this.#counts.get(key)
    if (known) {
      known.count += count
      known.example = example
      return
    }
    if (this.#counts.size >= MAX_KEYS) this.#dropRare()
    this.#counts.set(key, { count, example })
  }

  /** The most frequent, with the count of each. A key that was rare for long can have a lower count than it should. */
  top(most: number): Counted[] {
    return [...this.#counts]
      .map(([key, { count, example }]) => ({ key, count, example }))
      .toSorted((a, b) => b.count - a.count || (a.key < b.key ? -1 : 1))
      .slice(0, most)
  }

  /** Keeps the more frequent half. */
  #dropRare(): void {
    const kept = new Set(this.top(MAX_KEYS / 2).map(({ key }) => key))
    for (const key of this.#counts.keys()) if (!kept.has(key)) this.#counts.delete(key)
  }
}
