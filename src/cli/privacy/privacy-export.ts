// waypost privacy export: all that a running or stopped node knows about a person, as JSON. It only reads.

import { createPrivacy } from '../../privacy/treatment.ts'
import { readDailyKey } from '../../privacy/daily-key.ts'
import { privacyKeyPath } from '../../wiring/node-paths.ts'
import { FAILED, type Io, json, OK } from '../io.ts'
import type { NodePlace } from '../place/node-place.ts'
import { findPerson } from './person-database.ts'
import { findConfigured, findLogins } from './person-files.ts'
import { databasesOf, withPerson } from './with-person.ts'

interface ExportOptions extends NodePlace {
  readonly name: string
  /** Unix milliseconds. */
  readonly now: number
}

export function privacyExport(options: ExportOptions, io: Io): Promise<number> | number {
  return withPerson(options, io, async ({ data, person, names }) => {
    const databases = databasesOf(data).flatMap(({ path, place }) => {
      const found = findPerson(path, place, person)
      return found.length === 0 ? [] : [{ file: place.file, tables: found }]
    })
    const logins = findLogins(data, person, names)
    const { lines, problem } = findConfigured({ config: options.config, data }, person, names)
    json(io.stdout, {
      person: person.written,
      at: new Date(options.now).toISOString(),
      hashes: await hashesOf(data, names, options.now),
      databases,
      logins,
      configuration: lines,
      notSearched: [
        ...(problem === null ? [] : [problem]),
        'bodies of mail that waits',
        'the log: search it for the address, or for the hashes',
        'backups, and other nodes of the fleet',
      ],
    })
    return databases.length + logins.length + lines.length > 0 ? OK : FAILED
  })
}

/** How the person looks in a log with hashes of this day. Null without such a log. */
async function hashesOf(data: string, names: readonly string[], now: number): Promise<readonly string[] | null> {
  const key = await readDailyKey(privacyKeyPath({ data }), now)
  if (key === null) return null
  const privacy = createPrivacy({ addresses: 'hash', ips: 'hash', subjects: 'drop', hashKey: () => key })
  return names.map((name) => String(privacy.apply({ user: name })['user']))
}
