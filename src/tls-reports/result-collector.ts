// Counts the results of TLS sessions in memory and writes them to the file every few seconds: a session must not wait for the disk, and a
// report is worth no write for each session.

import type { Clock } from '../lib/clock.ts'
import type { TlsResultRow, TlsResultStore } from '../state/tls-result-contract.ts'

export interface ResultCollectorPorts {
  readonly store: Pick<TlsResultStore, 'add'>
  readonly clock: Pick<Clock, 'now' | 'every'>
  /** Called with the sessions that found no place, and the rows in the file. */
  readonly written: (dropped: number, rows: number) => void
}

export interface ResultCollector {
  note(session: Omit<TlsResultRow, 'day' | 'count'>): void
  /** Writes what is counted, and stops. */
  close(): Promise<void>
}

/** What a kill may lose, ms. */
const WRITE_MS = 5000
/** Different results in memory, some megabytes. A busy node has hundreds in the time. */
const MOST_ROWS = 10_000

export function collectResults({ store, clock, written }: ResultCollectorPorts): ResultCollector {
  let rows = new Map<string, TlsResultRow>()
  let dropped = 0
  let writing: Promise<void> = Promise.resolve()
  const write = async () => {
    if (rows.size === 0 && dropped === 0) return
    const [taken, missed] = [[...rows.values()], dropped]
    rows = new Map()
    dropped = 0
    const added = await store.add(taken)
    const lost = added === null ? taken.reduce((sum, { count }) => sum + count, 0) : added.dropped
    written(missed + lost, added?.rows ?? 0)
  }
  const flush = () => (writing = writing.then(write))
  const timer = clock.every(WRITE_MS, () => void flush())
  return {
    note: ({ domain, policy, failure }) => {
      const day = dayOf(clock.now())
      const key = JSON.stringify([day, domain, policy, failure])
      const known = rows.get(key)
      if (!known && rows.size >= MOST_ROWS) return void dropped++
      rows.set(key, { day, domain, policy, failure, count: (known?.count ?? 0) + 1 })
    },
    close: () => {
      timer.cancel()
      return flush()
    },
  }
}

/** The day in UTC, as `2026-11-28`. @param at unix milliseconds */
export function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10)
}
