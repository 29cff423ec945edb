// Reads `people/NAME.toml`: the address of a person, or that the person opted out of lists. Teams may also use the person's GitHub name.

import { describeLocated, entryOf, refuseUnknown } from '../located.ts'
import type { LocatedMap } from '../located.ts'
import { readAddress } from '../read/snapshot-builder.ts'
import type { SnapshotBuilder } from '../read/snapshot-builder.ts'
import { readText } from './read-fields.ts'
import type { Named, Person } from './team.ts'

/** Keys for web sites, chats and repositories, which are ignored. */
const elsewhereKeys = [
  'name',
  'comment',
  'github',
  'github-id',
  'zulip-id',
  'discord-id',
  'google-workspace',
  'hardware-keys',
  'irc',
  'matrix',
  'funding',
  'permissions',
]

/** Reads one file of a person. */
export function readPerson(builder: SnapshotBuilder, named: Named, map: LocatedMap): Person {
  refuseUnknown(map, ['email', ...elsewhereKeys], builder.problems)
  return { ...named, alias: readText(map, 'github', builder.problems), email: readEmail(builder, map) }
}

function readEmail(builder: SnapshotBuilder, map: LocatedMap): Person['email'] {
  const field = entryOf(map, 'email')
  if (!field) return 'missing'
  const { value } = field
  if (value.kind === 'scalar' && value.value === false) return 'out'
  if (value.kind === 'scalar' && typeof value.value === 'string') {
    const address = readAddress(builder, value.value, value.place)
    return address ? { address, place: value.place } : 'bad'
  }
  builder.problems.error(
    value.place,
    `"email": expected an address, or false to opt out of lists, found ${describeLocated(value)}`,
  )
  return 'bad'
}
