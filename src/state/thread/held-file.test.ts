// Operations that wait together: one transaction, one fault, one damaged file.

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import SqliteDatabase, { type Database } from 'better-sqlite3'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type HeldFile, holdFile } from './held-file.ts'

let folder: string
let path: string
let clock: number
let tables: number
let file: HeldFile

/** A table of numbers; it remembers how many it has, as the greylist does. */
function tableOf(db: Database): never {
  tables++
  let size = db.prepare<[], number>('SELECT count(*) FROM numbers').pluck().get() ?? 0
  return {
    add: (value: number) => {
      db.prepare('INSERT INTO numbers VALUES (?)').run(value)
      return ++size
    },
    size: () => size,
    isWriting: () => db.inTransaction,
    fill: () => {
      db.exec('ROLLBACK')
      throw new Error('database or disk is full')
    },
  } as never
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'held-file-'))
  path = join(folder, 'numbers.db')
  ;[clock, tables] = [0, 0]
  file = hold()
})
afterEach(() => {
  file.close()
  rmSync(folder, { recursive: true })
})

const hold = () =>
  holdFile(
    path,
    {
      format: {
        version: 1,
        sync: 'normal',
        createTables: (db) => db.exec('CREATE TABLE IF NOT EXISTS numbers (value INTEGER PRIMARY KEY) STRICT'),
      },
      tableOf,
      reads: new Set(['size']),
    },
    { monotonic: () => clock, setAside: () => undefined },
  )
const run = (...asked: readonly [string, ...unknown[]][]) =>
  file
    .run(asked.map(([operation, ...args]) => ({ operation, args })))
    .map((one) => (one.kind === 'done' ? one.value : one.cause))
const numbers = () => {
  const db = new SqliteDatabase(path, { readonly: true })
  const found = db.prepare('SELECT value FROM numbers').pluck().all()
  db.close()
  return found
}

it('shares one transaction, which is committed when it is answered', () => {
  expect(run(['isWriting'])).toEqual([false])
  expect(run(['add', 7], ['isWriting'], ['add', 8])).toEqual([1, true, 2])
  expect(numbers()).toEqual([7, 8])
})

it('one that fails takes no other with it', () => {
  run(['add', 7])
  expect(run(['add', 8], ['add', 7], ['add', 9], ['size'])).toEqual([
    2,
    expect.stringContaining('UNIQUE constraint'),
    3,
    3,
  ])
  expect(numbers()).toEqual([7, 8, 9])
})

it('a transaction that SQLite gave up is done again, each operation alone', () => {
  expect(run(['add', 1], ['fill'], ['add', 2])).toEqual([1, expect.any(String), 2])
  expect(numbers()).toEqual([1, 2])
})

it('a table forgets what was rolled back', () => {
  run(['add', 1])
  const before = tables
  expect(run(['add', 2], ['nothing'])).toEqual([2, 'there is no operation nothing'])
  expect(tables).toBe(before + 1)
  expect(run(['size'])).toEqual([2])
})

it('many are divided, and all are answered in their order', () => {
  const many = Array.from({ length: 1000 }, (_, value) => ['add', value + 1] as const)
  expect(run(...many.map((one) => [...one] as [string, ...unknown[]]))).toEqual(many.map(([, value]) => value))
  expect(numbers()).toHaveLength(1000)
})

it('reads together take no lock for writing', () => {
  run(['add', 1])
  const other = new SqliteDatabase(path)
  other.exec('BEGIN IMMEDIATE')
  expect(run(['size'], ['size'])).toEqual([1, 1])
  other.exec('ROLLBACK')
  other.close()
})

it('a file that cannot be opened is tried again after five seconds', () => {
  file.close()
  path = join(folder, 'later', 'numbers.db')
  file = hold()
  expect(file.open()).toMatch(/ENOENT/)
  path = join(folder, 'numbers.db')
  expect(run(['size'], ['size'])).toEqual([expect.stringContaining('ENOENT'), expect.stringContaining('ENOENT')])
  mkdirSync(join(folder, 'later'))
  clock += 4999
  expect(run(['size'])).toEqual([expect.stringContaining('ENOENT')])
  clock += 1
  expect(run(['size'])).toEqual([0])
})

it('after the close nothing opens it again', () => {
  file.close()
  clock += 3_600_000
  expect(run(['add', 1])).toEqual(['the file is closed'])
})
