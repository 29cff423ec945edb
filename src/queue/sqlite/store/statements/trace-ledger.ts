// SQL of `trace`: ledger rows by queue ID, address or Message-ID, including the rows behind the last indexed segment.

import type { Database } from 'better-sqlite3'
import type { Event } from '../../../../observe/events.ts'
import { hashTerm, termsOf } from '../ledger-terms.ts'
import type { LedgerRow } from './ledger-rows.ts'
import { selectBucket } from './ledger-index.ts'

const columns = 'l.id, l.at, l.queue_id AS queueId, l.events'
/** The tail: rows not indexed yet. */
const tail = "l.id > (SELECT value FROM meta WHERE name = 'indexed_to')"

export interface IndexedQuery {
  /** The most rows. */
  readonly limit: number
  /** Rows that count; all if it is not given. */
  readonly matches?: (row: LedgerRow) => boolean
}

/** Indexed rows that one of the terms names, newest first within a term's part of the index. */
export function selectIndexed(
  db: Database,
  terms: readonly string[],
  { limit, matches = () => true }: IndexedQuery,
): LedgerRow[] {
  const byId = db.prepare(`SELECT ${columns} FROM ledger l WHERE l.id = ?`)
  const wanted = new Set(terms)
  const found: LedgerRow[] = []
  for (const [bucket, hashes] of bucketsOf(terms)) {
    for (const id of matchingIds(db, bucket, hashes)) {
      if (found.length >= limit) return found
      const row = byId.get(id) as LedgerRow | undefined
      if (row && matches(row) && rowTerms(row).some((term) => wanted.has(term))) found.push(row)
    }
  }
  return found
}

function bucketsOf(terms: readonly string[]): Map<number, Set<number>> {
  const buckets = new Map<number, Set<number>>()
  for (const term of terms) {
    const { hash, bucket } = hashTerm(term)
    const known = buckets.get(bucket)
    if (known) known.add(hash)
    else buckets.set(bucket, new Set([hash]))
  }
  return buckets
}

function* matchingIds(db: Database, bucket: number, hashes: ReadonlySet<number>): Generator<number> {
  for (const { first, entries } of selectBucket(db, bucket))
    for (let at = entries.length - 8; at >= 0; at -= 8)
      if (hashes.has(entries.readUInt32LE(at))) yield first + entries.readUInt32LE(at + 4)
}

function rowTerms(row: LedgerRow): string[] {
  return termsOf(row.queueId, JSON.parse(row.events) as Event[])
}

/** Tail rows whose text contains a piece of JSON at all, any case of ASCII; the caller compares exactly. */
export function selectTailContaining(db: Database, piece: string): LedgerRow[] {
  return db
    .prepare(`SELECT ${columns} FROM ledger l WHERE ${tail} AND instr(lower(l.events), ?) > 0`)
    .all(piece) as LedgerRow[]
}

/** Tail rows of some queue ids. */
export function selectTailOf(db: Database, queueIds: readonly string[]): LedgerRow[] {
  return db
    .prepare(`SELECT ${columns} FROM ledger l WHERE ${tail} AND l.queue_id IN (SELECT value FROM json_each(?))`)
    .all(JSON.stringify(queueIds)) as LedgerRow[]
}

/** Every row of these queue ids, oldest first. */
export function selectLedgerOf(db: Database, queueIds: readonly string[]): LedgerRow[] {
  const wanted = new Set(queueIds)
  const rows = [...selectTailOf(db, queueIds), ...selectIndexed(db, queueIds, { limit: Number.POSITIVE_INFINITY })]
  const byId = new Map(rows.filter((row) => wanted.has(row.queueId ?? '')).map((row) => [row.id, row]))
  return [...byId.values()].toSorted((a, b) => a.id - b.id)
}

/** Rows of the tail. */
export function selectUnindexed(db: Database): number {
  return db.prepare(`SELECT count(*) FROM ledger l WHERE ${tail}`).pluck().get() as number
}
