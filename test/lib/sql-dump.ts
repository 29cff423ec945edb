// A database as SQL text and back, for readable fixtures of old formats.

import SqliteDatabase, { type Database } from 'better-sqlite3'

/** Tables, rows and indexes of a database, with its format number. The rows come in the order of the table. */
export function dumpDatabase(db: Database): string {
  const objects = db
    .prepare(
      "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY rowid",
    )
    .all() as { type: string; name: string; sql: string }[]
  const tables = objects.filter(({ type }) => type === 'table')
  return [
    ...['application_id', 'user_version'].map(
      (name) => `PRAGMA ${name} = ${Number(db.pragma(name, { simple: true }))};`,
    ),
    ...objects.map(({ sql }) => `${sql};`),
    ...tables.flatMap(({ name }) => rowsOf(db, name)),
    '',
  ].join('\n')
}

function rowsOf(db: Database, table: string): string[] {
  const names = (db.pragma(`table_info(${table})`) as { name: string }[]).map(({ name }) => `quote("${name}")`)
  const values = names.join(" || ', ' || ")
  return (db.prepare(`SELECT ${values} FROM ${table}`).pluck().all() as string[]).map(
    (row) => `INSERT INTO ${table} VALUES (${row});`,
  )
}

/** Creates the database of a dump. */
export function createFromDump(file: string, dump: string): void {
  const db = new SqliteDatabase(file)
  db.pragma('journal_mode = WAL')
  db.exec(dump)
  db.close()
}

/** The `CREATE` statements of a database, each without comments and spaces. */
export function schemaOf(db: Database): string[] {
  const all = db.prepare("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'")
  return (all.pluck().all() as string[]).map((sql) => sql.replaceAll(/--.*$/gm, '').replaceAll(/\s+/g, '')).toSorted()
}
