// Room queue: brings a database to the form this program knows, one numbered step after the other, each in its own transaction.
// `user_version` is the number of the last step. Steps only go forward; a database from the future is refused.

import type { Database } from 'better-sqlite3'
import { initial } from './migrations/0001-initial.ts'
import { handOver } from './migrations/0002-hand-over.ts'
import { turns } from './migrations/0003-turns.ts'
import { plainNames } from './migrations/0004-plain-names.ts'
import { QueueUnavailable } from '../../contract/queue-unavailable.ts'

/** In order: index + 1 is the step's number. */
export const migrations: readonly string[] = [initial, handOver, turns, plainNames]

/** Marks our files (`application_id`), so that some other SQLite file is never mistaken for a queue: "WAYP". */
const APPLICATION_ID = 0x57415950

/** Applies the missing steps. Throws QueueUnavailable `newer` or `corrupt` (not ours). */
export function migrate(db: Database, steps: readonly string[] = migrations): void {
  const version = readVersion(db)
  refuseNewer(db, steps.length)
  if (version === 0) claimFile(db)
  for (let step = version; step < steps.length; step++) {
    db.exec('BEGIN IMMEDIATE')
    try {
      if (readVersion(db) === step) db.exec(`${steps[step]}; PRAGMA user_version = ${step + 1}`)
      db.exec('COMMIT')
    } catch (error) {
      if (db.inTransaction) db.exec('ROLLBACK')
      throw error
    }
  }
}

/** For readers and second processes, which must not migrate: throws unless the form is exactly the known one. */
export function requireCurrent(db: Database): void {
  refuseNewer(db, migrations.length)
  const version = readVersion(db)
  if (version < migrations.length)
    throw new QueueUnavailable(
      'failing',
      `${db.name} has the form of an older release (format ${version}, this program knows ${migrations.length}): ` +
        'start the node with this release once, it migrates the queue',
    )
}

/** Throws unless the owner's next start can work with it. */
export function requireKnown(db: Database): void {
  refuseNewer(db, migrations.length)
  if (readVersion(db) === 0) throw new QueueUnavailable('corrupt', `${db.name} is no queue`)
}

function refuseNewer(db: Database, known: number): void {
  const version = readVersion(db)
  if (version <= known) return
  throw new QueueUnavailable(
    'newer',
    `${db.name} was written by a newer release (format ${version}, this program knows up to ${known}): ` +
      'run that release, or restore a backup made with this one',
  )
}

/** The number of the last step applied to a database. */
export function readVersion(db: Database): number {
  return db.pragma('user_version', { simple: true }) as number
}

function claimFile(db: Database): void {
  const tables = db.prepare('SELECT count(*) FROM sqlite_master').pluck().get() as number
  if (tables > 0) throw new QueueUnavailable('corrupt', `${db.name} is a database of something else, not a queue`)
  db.pragma(`application_id = ${APPLICATION_ID}`)
}
