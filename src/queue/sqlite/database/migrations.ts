// Migrates a database to the format of this release, step by step, each in one transaction. `user_version` is the number of the last step.
// Steps only go forward; a database of a newer release is refused.

import type { Database } from 'better-sqlite3'
import { initial } from './migrations/0001-initial.ts'
import { handOver } from './migrations/0002-hand-over.ts'
import { turns } from './migrations/0003-turns.ts'
import { plainNames } from './migrations/0004-plain-names.ts'
import { holds } from './migrations/0005-holds.ts'
import { holdEnds } from './migrations/0006-hold-ends.ts'
import { QueueUnavailable } from '../../contract/queue-unavailable.ts'

/** In order; the number of a step is its index + 1. */
export const migrations: readonly string[] = [initial, handOver, turns, plainNames, holds, holdEnds]

/** Marks the file as a queue (`application_id`): "WAYP". */
const APPLICATION_ID = 0x57415950

/** Applies the missing steps. Throws QueueUnavailable `newer`, or `corrupt` if the file is not a queue. */
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

/** For processes that must not migrate: throws unless the format is that of this release. */
export function requireCurrent(db: Database): void {
  refuseNewer(db, migrations.length)
  const version = readVersion(db)
  if (version < migrations.length)
    throw new QueueUnavailable(
      'failing',
      `${db.name} has the format of an older release (format ${version}, this release uses ${migrations.length}); ` +
        'start the node once with this release to migrate the queue',
    )
}

/** Throws unless the next start of the node can migrate and use the database. */
export function requireKnown(db: Database): void {
  refuseNewer(db, migrations.length)
  if (readVersion(db) === 0) throw new QueueUnavailable('corrupt', `${db.name} is not a queue`)
}

function refuseNewer(db: Database, known: number): void {
  const version = readVersion(db)
  if (version <= known) return
  throw new QueueUnavailable(
    'newer',
    `${db.name} was written by a newer release (format ${version}, this release knows up to ${known}); ` +
      'run that release, or restore a backup of this release',
  )
}

/** The number of the last step applied to a database. */
export function readVersion(db: Database): number {
  return db.pragma('user_version', { simple: true }) as number
}

function claimFile(db: Database): void {
  const tables = db.prepare('SELECT count(*) FROM sqlite_master').pluck().get() as number
  if (tables > 0) throw new QueueUnavailable('corrupt', `${db.name} is a database of another program, not a queue`)
  db.pragma(`application_id = ${APPLICATION_ID}`)
}
