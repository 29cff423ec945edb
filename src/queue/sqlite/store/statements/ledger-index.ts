// SQL of the ledger's index, which is written in whole segments, and of the position up to which the ledger is indexed.

import type { Database } from 'better-sqlite3'

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

export type MetaName = 'indexed_to'

export function selectMeta(db: Database): (name: MetaName) => number {
  const select = db.prepare('SELECT value FROM meta WHERE name = ?').pluck()
  return (name) => select.get(name) as number
}

export function updateMeta(db: Database): (name: MetaName, value: number) => void {
  const update = db.prepare('UPDATE meta SET value = ? WHERE name = ?')
  return (name, value) => {
    update.run(value, name)
  }
}
