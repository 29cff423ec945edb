// Reads all TOML files of people and teams of the node's `mail:` entries as one set: a team of one folder may name people of another.

import { basename, dirname } from 'node:path'
import { describeUnread } from '../files/files.ts'
import type { Files } from '../files/files.ts'
import type { LocatedMap } from '../located.ts'
import type { SnapshotBuilder } from '../read/snapshot-builder.ts'
import { readPerson } from './read-person.ts'
import { kindOfTable, readTeam } from './read-team.ts'
import { nameKey } from './team.ts'
import type { Named, Person, Team } from './team.ts'
import { teamLists } from './team-lists.ts'
import { readToml } from './toml-file.ts'

/** The largest public repository of this kind has about a thousand files. */
const FILE_LIMIT = 20_000

/** Returns the lists of all teams as a mapping of aliases; null if there are none, or if a file has errors. */
export function loadTeams(builder: SnapshotBuilder, paths: readonly string[], files: Files): LocatedMap | null {
  if (paths.length === 0) return null
  if (paths.length > FILE_LIMIT) {
    builder.problems.error({ file: paths[0] as string, line: 0, column: 0 }, `more than ${FILE_LIMIT} TOML files`)
    return null
  }
  const people = new Map<string, Person>()
  const teams = new Map<string, Team>()
  let whole = true
  for (const path of paths) {
    const map = readTable(builder, path, files)
    const kind = map && kindOf(path, map)
    const named: Named = { text: basename(path, '.toml'), place: { file: path, line: 1, column: 1 } }
    if (!map || !kind) {
      whole = false
      if (map) builder.problems.error(named.place, 'neither a team ([people], [[lists]]) nor a person (email)')
    } else if (kind === 'team') {
      const team = readTeam(builder, named, map)
      addOnce(builder, teams, team, team)
    } else {
      const person = readPerson(builder, named, map)
      for (const name of [person, ...(person.alias ? [person.alias] : [])]) addOnce(builder, people, name, person)
    }
  }
  // With an unreadable file, references to it would cause misleading errors.
  return whole ? teamLists({ people, teams }, builder.problems) : null
}

function readTable(builder: SnapshotBuilder, path: string, files: Files): LocatedMap | null {
  const text = files.read(path)
  if (text.kind === 'found') return readToml(path, text.text, builder.problems)
  builder.problems.error({ file: path, line: 0, column: 0 }, describeUnread(text))
  return null
}

/** By the folder; for files in other folders, by the content. */
function kindOf(path: string, map: LocatedMap): 'team' | 'person' | null {
  const folder = basename(dirname(path))
  if (folder === 'people') return 'person'
  return folder === 'teams' ? 'team' : kindOfTable(map)
}

function addOnce<T extends Named>(builder: SnapshotBuilder, all: Map<string, T>, name: Named, one: T): void {
  const known = all.get(nameKey(name.text))
  if (!known) all.set(nameKey(name.text), one)
  else if (known !== one) {
    const first = `${known.place.file}:${known.place.line}`
    builder.problems.error(name.place, `duplicate "${name.text}", first written at ${first}`)
  }
}
