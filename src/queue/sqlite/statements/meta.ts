// Room queue: SQL of the few single values.

import type { Database } from 'better-sqlite3'

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
