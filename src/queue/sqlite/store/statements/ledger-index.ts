// SQL of the ledger's index, which is written in whole segments, and of the position up to which the ledger is indexed.

import type { Database } from 'better-sqlite3'
import { BUCKETS } from '../ledger-terms.ts'

export interface IndexRow {
  readonly bucket: number
  readonly first: number
  readonly last: number
  readonly entries: Uint8Array
}

export function insertIndex(db: Database): (row: IndexRow) => void {
  const insert = db.prepare('INSERT INTO ledger_index VALUES (?, ?, ?, ?)')
  return ({ bucket, first, last, entries }) => {
    insert.run(bucket, first, last, entries)
  }
}

/** The entries of a bucket, newest segment first. */
export function selectBucket(db: Database, bucket: number): IterableIterator<{ first: number; entries: Buffer }> {
  return db
    .prepare('SELECT first, entries FROM ledger_index WHERE bucket = ? ORDER BY first DESC')
    .iterate(bucket) as IterableIterator<{ first: number; entries: Buffer }>
}

/** Removes segments whose ledger rows were all purged. */
export function deleteEmptyIndex(db: Database): (upTo: number) => void {
  const remove = db.prepare(`DELETE FROM ledger_index WHERE last <= ?
    AND NOT EXISTS (SELECT 1 FROM ledger l WHERE l.id BETWEEN first AND last)`)
  return (upTo) => {
    remove.run(upTo)
  }
}

/**
 * Up to which row: `indexed_to` the index; `addresses_forgotten_to`, `ips_forgotten_to` that part of personal data; `index_forgotten_to` the
 * index without the forgotten addresses.
 */
export type MetaName = 'indexed_to' | 'addresses_forgotten_to' | 'ips_forgotten_to' | 'index_forgotten_to'

export function selectMeta(db: Database): (name: MetaName) => number {
  const select = db.prepare('SELECT value FROM meta WHERE name = ?').pluck()
  return (name) => (select.get(name) as number | undefined) ?? 0
}

export function updateMeta(db: Database): (name: MetaName, value: number) => void {
  const update = db.prepare('INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)')
  return (name, value) => {
    update.run(name, value)
  }
}

/** The first row of the next segment after a row; null without one. */
export function selectSegmentAfter(
  db: Database,
  after: number,
): { readonly first: number; readonly last: number } | null {
  // The key begins with the bucket, so that one look-up in each bucket finds the segment.
  const next = db.prepare(`SELECT first, last FROM ledger_index WHERE bucket = ? AND first > ? ORDER BY first LIMIT 1`)
  let found: { readonly first: number; readonly last: number } | null = null
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    const one = next.get(bucket, after) as { readonly first: number; readonly last: number } | undefined
    if (one && (found === null || one.first < found.first)) found = one
  }
  return found
}

/** The segment of a row; null if it is not indexed. */
export function selectSegmentOf(db: Database, id: number): { readonly first: number; readonly last: number } | null {
  const latest = db.prepare(
    'SELECT first, last FROM ledger_index WHERE bucket = ? AND first <= ? ORDER BY first DESC LIMIT 1',
  )
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    const one = latest.get(bucket, id) as { readonly first: number; readonly last: number } | undefined
    if (one && one.last >= id) return one
  }
  return null
}

export function deleteSegment(db: Database, first: number): void {
  const remove = db.prepare('DELETE FROM ledger_index WHERE bucket = ? AND first = ?')
  for (let bucket = 0; bucket < BUCKETS; bucket++) remove.run(bucket, first)
}
