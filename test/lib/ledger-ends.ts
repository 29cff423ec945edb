// The ledger's promise, as a question: which accepted recipients did not end in exactly one final event (observe/events.ts)?

import { type Event, finalKinds } from '../../src/observe/events.ts'

export interface LedgerEnds {
  /** The next event; they come in the order of the ledger. */
  see(event: Event): void
  /** One line for each recipient that breaks the promise; empty if it is kept. */
  broken(): string[]
  /** Recipients that were accepted. */
  readonly accepted: number
}

/** For ledgers that are too large to be read at once: keeps one short text for each recipient. */
export function ledgerEnds(): LedgerEnds {
  const accepted = new Set<string>()
  /** The kinds of the final events. */
  const ends = new Map<string, string>()
  const finals = new Set<string>(finalKinds)
  return {
    see: (event) => {
      const isEnd = finals.has(event.kind)
      if (!isEnd && event.kind !== 'resolved') return
      const key = `${event.queueId} ${event.recipient}`
      if (!isEnd) return void accepted.add(key)
      const before = ends.get(key)
      ends.set(key, before === undefined ? event.kind : `${before}, ${event.kind}`)
    },
    broken: () => {
      const unended = [...accepted.difference(ends)].map((one) => `${one}: no final event`)
      const several: string[] = []
      const unknown: string[] = []
      for (const [one, kinds] of ends) {
        if (kinds.includes(', ')) several.push(`${one}: ${kinds}`)
        if (!accepted.has(one) && !kinds.startsWith('discarded')) unknown.push(`${one}: ended and was never resolved`)
      }
      return [...unended, ...several, ...unknown]
    },
    get accepted() {
      return accepted.size
    },
  }
}

/** One line for each recipient that breaks the promise; empty if it is kept. */
export function brokenPromises(events: Iterable<Event>): string[] {
  const ends = ledgerEnds()
  for (const event of events) ends.see(event)
  return ends.broken()
}
