// One person in a database of the data directory: the rows that name the person, by the columns of the schema.

import { existsSync } from 'node:fs'
import SqliteDatabase, { type Database } from 'better-sqlite3'
import type { Person } from '../../privacy/person.ts'
import type { DataClass, FilePlace, TablePlace } from '../../privacy/schema/place.ts'
import { COMMAND_BUSY_MS, cutLog, rebuild } from '../../state/sqlite/state-file.ts'

export type DatabasePlace = Extract<FilePlace, { readonly kind: 'database' }>

type Row = Readonly<Record<string, unknown>>

export interface FoundRows {
  readonly table: string
  readonly rows: readonly Row[]
}

export interface TableResult {
  readonly table: string
  /** Rows deleted or changed, or that would be. */
  readonly erased: number
  readonly kept: number
  /** Why rows stay, and what removes them; null if none does. */
  readonly whyKept: string | null
  /** Of kept rows with a queue ID. */
  readonly queueIds: readonly string[]
}

/** Rows of one transaction: a running node waits for it. */
const CHANGED_AT_ONCE = 200

/** Empty without the file. Throws the errors of SQLite. */
export function findPerson(path: string, place: DatabasePlace, person: Person): readonly FoundRows[] {
  return withDatabase(path, { readonly: true }, (db) =>
    personalTables(place).flatMap(([table, { columns }]) => {
      const rows = matching(db, { table, columns }, person)
      return rows.length === 0 ? [] : [{ table, rows: rows.map((row) => shown(row, columns, person)) }]
    }),
  )
}

/**
 * Deletes or changes the rows that name the person, table by table, without those that the schema keeps. `isDry`: counts only. `skip`: tables
 * that another function erases. `largest`: octets of a file that is written as a whole; a running node waits for it. Throws the errors of SQLite.
 */
export function erasePerson(
  path: string,
  place: DatabasePlace,
  {
    person,
    isDry,
    skip = [],
    largest,
  }: {
    readonly person: Person
    readonly isDry: boolean
    readonly skip?: readonly string[]
    readonly largest?: number
  },
): readonly TableResult[] {
  return withDatabase(path, { readonly: isDry }, (db) => {
    const results = personalTables(place).map(([table, schema]) =>
      eraseTable(db, { table, ...schema }, { person, isDry: isDry || skip.includes(table) }),
    )
    if (!isDry && results.some(({ erased }) => erased > 0)) {
      // The queue overwrites rows in place, and has its own pass over unused pages.
      if (skip.length === 0) rebuild(db, largest)
      cutLog(db)
    }
    return results.filter(({ erased, kept }) => erased + kept > 0)
  })
}

function withDatabase<T>(
  path: string,
  options: { readonly readonly: boolean },
  use: (db: Database) => readonly T[],
): readonly T[] {
  if (!existsSync(path)) return []
  const db = new SqliteDatabase(path, { ...options, fileMustExist: true, timeout: COMMAND_BUSY_MS })
  try {
    if (!options.readonly) db.pragma('secure_delete = ON')
    return use(db)
  } catch (error) {
    throw error instanceof Error ? Object.assign(error, { message: `${path}: ${error.message}` }) : error
  } finally {
    db.close()
  }
}

function personalTables({ tables }: DatabasePlace): readonly (readonly [string, TablePlace])[] {
  return Object.entries(tables).filter(([, { erasure }]) => erasure !== undefined)
}

interface Table extends TablePlace {
  readonly table: string
}

function eraseTable(
  db: Database,
  table: Table,
  { person, isDry }: { readonly person: Person; readonly isDry: boolean },
): TableResult {
  const { erasure, whyKept = null } = table
  const all = matching(db, table, person)
  const isKept = (row: Row) => erasure === 'keep' || row['kept'] === 1
  const kept = all.filter(isKept)
  const wanted = all.filter((row) => !isKept(row))
  if (!isDry)
    for (let start = 0; start < wanted.length; start += CHANGED_AT_ONCE)
      change(db, table, { person, rows: wanted.slice(start, start + CHANGED_AT_ONCE) })
  return {
    table: table.table,
    erased: wanted.length,
    kept: kept.length,
    whyKept: kept.length > 0 ? whyKept : null,
    queueIds: queueIdsOf(kept),
  }
}

function queueIdsOf(rows: readonly Row[]): readonly string[] {
  return [...new Set(rows.flatMap((row) => (typeof row['queue id'] === 'string' ? [row['queue id']] : [])))]
}

/** Rows that name the person, with `kept` (0 or 1), `queue id`, and the key of the row. Throws for a table of an earlier release. */
function matching(
  db: Database,
  { table, columns, keptWhile = '0', queueId = 'NULL' }: Pick<Table, 'table' | 'columns' | 'keptWhile' | 'queueId'>,
  person: Person,
): Row[] {
  const names = searched(columns)
  db.function('names_person', { deterministic: true }, (value: unknown, valueClass: unknown) =>
    Number(isNamed(value, valueClass as DataClass, person)),
  )
  const condition = names.map((name) => `names_person("${name}", '${columns[name]}')`).join(' OR ')
  const key = keyOf(db, table).map((name) => `"${name}" AS "key ${name}"`)
  return db
    .prepare<[], Row>(
      `SELECT *, ${[...key, `(${keptWhile}) AS kept`, `(${queueId}) AS "queue id"`].join(', ')} FROM "${table}" WHERE ${condition}`,
    )
    .all()
}

/** The columns that can name a person. The address of a client does not, but a ban can be one of an account. */
function searched(columns: TablePlace['columns']): readonly string[] {
  return Object.keys(columns).filter((name) => columns[name] !== 'open' && columns[name] !== 'secret')
}

function isNamed(value: unknown, valueClass: DataClass, person: Person): boolean {
  // Octets of mail: the header is searched, as it was received. The body is content, not data about a person.
  const text = Buffer.isBuffer(value) ? headerOf(value) : value
  if (typeof text !== 'string' || !text.toLowerCase().includes(person.hint)) return false
  return without(text, valueClass, person) !== text
}

/** The text without the person; JSON by the fields in it. The same text if it does not name the person. */
function without(text: string, valueClass: DataClass, person: Person): string {
  if (!/^[[{]/.test(text)) return person.replaceIn(text, { valueClass })
  try {
    const value: unknown = JSON.parse(text)
    const kept = person.replaceIn(value)
    return kept === value ? text : JSON.stringify(kept)
  } catch {
    return person.replaceIn(text, { valueClass })
  }
}

function headerOf(content: Buffer): string {
  const end = content.indexOf('\r\n\r\n')
  return content.toString('utf8', 0, end < 0 ? content.length : end)
}

function keyOf(db: Database, table: string): readonly string[] {
  const key = db
    .prepare<[string], string>('SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk')
    .pluck()
    .all(table)
  return key.length > 0 ? key : ['rowid']
}

function change(
  db: Database,
  { table, columns, erasure }: Table,
  { person, rows }: { readonly person: Person; readonly rows: readonly Row[] },
): void {
  const key = keyOf(db, table)
  const where = key.map((name) => `"${name}" = ?`).join(' AND ')
  const keyValues = (row: Row) => key.map((name) => row[`key ${name}`])
  const names = searched(columns)
  const set = names.map((name) => `"${name}" = ?`).join(', ')
  const statement =
    erasure === 'delete'
      ? db.prepare(`DELETE FROM "${table}" WHERE ${where}`)
      : db.prepare(`UPDATE "${table}" SET ${set} WHERE ${where}`)
  db.transaction(() => {
    for (const row of rows) {
      const values = names.map((name) => {
        const value = row[name]
        return typeof value === 'string' ? without(value, columns[name] ?? 'text', person) : value
      })
      statement.run(...(erasure === 'delete' ? [] : values), ...keyValues(row))
    }
  }).immediate()
}

/** The row for the person: events as objects, only those about the person; no content and no secret. */
function shown(row: Row, columns: TablePlace['columns'], person: Person): Row {
  const shownColumns = Object.keys(columns).filter((name) => columns[name] !== 'secret')
  return Object.fromEntries(
    shownColumns.map((name) => {
      const value = row[name]
      if (Buffer.isBuffer(value)) return [name, { octets: value.length }]
      if (name === 'events' && typeof value === 'string') return [name, eventsAbout(value, person)]
      return [name, value]
    }),
  )
}

function eventsAbout(text: string, person: Person): unknown {
  const events: unknown = JSON.parse(text)
  return Array.isArray(events) ? events.filter((event) => person.replaceIn(event) !== event) : events
}
