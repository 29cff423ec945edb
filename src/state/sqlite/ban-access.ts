// The bans for commands, beside a running node or without one.

import { existsSync } from 'node:fs'
import SqliteDatabase from 'better-sqlite3'
import type { Ban, BanReader, BanSubject, OperatorBan } from '../ban-contract.ts'
import { banFormat } from './ban-rows.ts'
import { sqliteBans } from './sqlite-bans.ts'
import { COMMAND_BUSY_MS, openStateForCommand } from './state-file.ts'

const limits = { capacity: Number.POSITIVE_INFINITY }

/** Null if there is no file yet. Throws the errors of SQLite. */
export function openBanReader(path: string): (BanReader & { close(): void }) | null {
  if (!existsSync(path)) return null
  const db = new SqliteDatabase(path, { readonly: true, fileMustExist: true, timeout: COMMAND_BUSY_MS })
  return { list: async (view) => sqliteBans(db, limits).list(view), close: () => db.close() }
}

/** Makes a ban or replaces one. Creates the file if it is missing. Throws the errors of SQLite. */
export function orderBan(path: string, ban: OperatorBan): Ban {
  const db = openStateForCommand(path, banFormat)
  try {
    return sqliteBans(db, limits).order(ban)
  } finally {
    db.close()
  }
}

/** Ends a ban. Null if none stands. Throws the errors of SQLite. */
export function endBan(
  path: string,
  subject: BanSubject,
  by: { readonly at: number; readonly name: string; readonly reason: string },
): Ban | null {
  if (!existsSync(path)) return null
  const db = openStateForCommand(path, banFormat)
  try {
    return sqliteBans(db, limits).end(subject, by)
  } finally {
    db.close()
  }
}
