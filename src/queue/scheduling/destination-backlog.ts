// What waits in the queue, by destination. An engine applies every commit's changes in commit order, before it answers the operations of
// that commit, so a reader never sees a claim's answer with the backlog of an earlier commit.

import type { DestinationBacklog, DestinationSummary } from '../contract/queue.ts'

const EMPTY: DestinationBacklog = { waiting: 0, earliestAttemptAt: 0 }

/** The backlog of one queue in the memory of its node. */
export class Backlog {
  readonly #destinations = new Map<string, DestinationSummary>()
  readonly #watchers = new Set<(nextHops: readonly string[]) => void>()

  /** Applies what a commit changed, as new totals, then calls the watchers. A total of 0 removes the destination. */
  apply(changed: readonly DestinationSummary[]): void {
    if (changed.length === 0) return
    for (const summary of changed) {
      if (summary.waiting > 0) this.#destinations.set(summary.nextHop, summary)
      else this.#destinations.delete(summary.nextHop)
    }
    const nextHops = changed.map(({ nextHop }) => nextHop)
    for (const watcher of this.#watchers) watcher(nextHops)
  }

  of(nextHop: string): DestinationBacklog {
    return this.#destinations.get(nextHop) ?? EMPTY
  }

  destinations(): DestinationSummary[] {
    return [...this.#destinations.values()]
  }

  /** Calls back with the next hops whose backlog changed. Returns a function that ends it. */
  watch(watcher: (nextHops: readonly string[]) => void): () => void {
    this.#watchers.add(watcher)
    return () => this.#watchers.delete(watcher)
  }
}
