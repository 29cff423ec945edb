// The first half of both commands: the data directory, the main domain, and the person.

import { join } from 'node:path'
import { readKeys } from '../../config/data-key.ts'
import { type Person, personOf, userNames } from '../../privacy/person.ts'
import { places } from '../../privacy/schema/schema.ts'
import { asUnavailable } from '../../queue/contract/queue-unavailable.ts'
import { FAILED, type Io, line, USAGE } from '../io.ts'
import { type NodePlace, withDataDirectory } from '../place/node-place.ts'
import type { DatabasePlace } from './person-database.ts'

export interface PersonPlace {
  readonly data: string
  /** The main domain; null if the YAML does not say it. */
  readonly domain: string | null
  readonly person: Person
  /** Names of the user, with and without the main domain. */
  readonly names: readonly string[]
}

/** Longest path (RFC 5321 4.5.3.1.3) and longest name of a user. */
const LONGEST = 254

export function withPerson(
  { name, ...place }: NodePlace & { readonly name: string },
  io: Io,
  use: (found: PersonPlace) => Promise<number>,
): Promise<number> | number {
  const bare = name.trim().replace(/^<(.*)>$/, '$1')
  if (bare === '' || bare.length > LONGEST || /[\s\p{Cc}]/u.test(bare)) {
    line(io.stderr, `found ${JSON.stringify(name)}, expected a mail address or the name of a user`)
    return USAGE
  }
  // Before the command gives up root: the YAML may be readable for root only.
  const keys = readKeys(place.config, ['domain'])
  const domain = keys.kind === 'ok' ? (keys.text('domain')?.toLowerCase() ?? null) : null
  return withDataDirectory(place, io, async (data) => {
    const person = personOf({ name: bare, domain })
    try {
      return await use({ data, domain, person, names: userNames(bare, domain) })
    } catch (error) {
      const unavailable = asUnavailable(error)
      if (unavailable) {
        line(io.stderr, unavailable.message)
        return FAILED
      }
      const { code, message } = error as { readonly code?: unknown; readonly message: string }
      if (typeof code !== 'string') throw error
      line(io.stderr, message)
      return FAILED
    }
  })
}

/** Each database of the schema with its path. */
export function databasesOf(data: string): readonly { readonly path: string; readonly place: DatabasePlace }[] {
  return places.flatMap((place) => (place.kind === 'database' ? [{ path: join(data, place.file), place }] : []))
}
