// Reads `teams/NAME.toml`: members, parent team, and lists. Keys for web sites, chats and repositories are ignored, others are refused.

import { describeLocated, entryOf, refuseUnknown, textOf } from '../located.ts'
import type { LocatedMap } from '../located.ts'
import { readAddress } from '../read/snapshot-builder.ts'
import type { SnapshotBuilder } from '../read/snapshot-builder.ts'
import { readFlag, readNames, readText } from './read-fields.ts'
import { teamKinds } from './team.ts'
import type { Named, TeamSelector, Team, TeamKind, TeamList } from './team.ts'

const elsewhereKeys = [
  'top-level',
  'comment',
  'permissions',
  'leads-permissions',
  'github',
  'rfcbot',
  'website',
  'roles',
  'discord-roles',
  'zulip-groups',
  'zulip-streams',
]
const teamKeys = ['name', 'kind', 'subteam-of', 'people', 'lists']
const selectorKinds: Readonly<Record<string, TeamSelector['of']>> = {
  'include-all-team-members': 'members',
  'include-team-leads': 'team',
  'include-wg-leads': 'working-group',
  'include-project-group-leads': 'project-group',
}
const ALUMNI = 'include-all-alumni'
const peopleKeys = ['leads', 'members', 'alumni', 'included-teams']
const listKeys = [
  'address',
  'include-team-members',
  'include-subteam-members',
  'extra-people',
  'extra-emails',
  'extra-teams',
  'comment',
]

/** Reads one file of a team; `named` is the name of the file. */
export function readTeam(builder: SnapshotBuilder, named: Named, map: LocatedMap): Team {
  const { problems } = builder
  refuseUnknown(map, [...teamKeys, ...elsewhereKeys], problems)
  const people = readPeople(builder, map)
  const leads = people ? readNames(people, 'leads', problems) : []
  return {
    ...(readText(map, 'name', problems) ?? named),
    kind: readKind(builder, map),
    parent: readText(map, 'subteam-of', problems),
    leads,
    members: people ? [...leads, ...readNames(people, 'members', problems, ['github', 'name'])] : [],
    included: people ? readNames(people, 'included-teams', problems) : [],
    selectors: people ? readSelectors(builder, people) : [],
    alumni: people && readFlag(people, ALUMNI, false, problems) ? (entryOf(people, ALUMNI)?.place ?? null) : null,
    lists: readLists(builder, map),
  }
}

function readKind(builder: SnapshotBuilder, map: LocatedMap): TeamKind {
  const named = readText(map, 'kind', builder.problems)
  const kind = teamKinds.find((one) => one === named?.text)
  if (named && !kind) builder.problems.error(named.place, `"kind": expected one of ${teamKinds.join(', ')}`)
  return kind ?? 'team'
}

function readSelectors(builder: SnapshotBuilder, people: LocatedMap): readonly TeamSelector[] {
  return Object.entries(selectorKinds).flatMap(([key, of]) => {
    const field = entryOf(people, key)
    return field && readFlag(people, key, false, builder.problems) ? [{ of, place: field.place }] : []
  })
}

function readPeople(builder: SnapshotBuilder, map: LocatedMap): LocatedMap | null {
  const field = entryOf(map, 'people')
  if (!field) return null
  if (field.value.kind !== 'map') {
    builder.problems.error(field.value.place, `"people": expected a table, found ${describeLocated(field.value)}`)
    return null
  }
  refuseUnknown(field.value, [...peopleKeys, ...Object.keys(selectorKinds), ALUMNI], builder.problems)
  return field.value
}

function readLists(builder: SnapshotBuilder, map: LocatedMap): readonly TeamList[] {
  const field = entryOf(map, 'lists')
  if (!field) return []
  if (field.value.kind !== 'list') {
    builder.problems.error(
      field.value.place,
      `"lists": expected tables [[lists]], found ${describeLocated(field.value)}`,
    )
    return []
  }
  return field.value.items.flatMap((item) => {
    const list = item.kind === 'map' ? readList(builder, item) : null
    if (item.kind !== 'map') builder.problems.error(item.place, `expected a table, found ${describeLocated(item)}`)
    return list ?? []
  })
}

function readList(builder: SnapshotBuilder, map: LocatedMap): TeamList | null {
  const { problems } = builder
  refuseUnknown(map, listKeys, problems)
  const address = readText(map, 'address', problems)
  if (!address) {
    if (!entryOf(map, 'address')) problems.error(map.place, 'a list needs an address')
    return null
  }
  const emails = readNames(map, 'extra-emails', problems)
  const extraEmails = emails.flatMap(({ text, place }) => {
    const mailbox = readAddress(builder, text, place)
    return mailbox ? [{ address: mailbox, place }] : []
  })
  return {
    address,
    teamMembers: readFlag(map, 'include-team-members', true, problems),
    subteamMembers: readFlag(map, 'include-subteam-members', false, problems),
    extraPeople: readNames(map, 'extra-people', problems),
    extraTeams: readNames(map, 'extra-teams', problems),
    extraEmails,
    faulty: extraEmails.length < emails.length,
  }
}

/** Whether a table is a team or a person, for files outside people/ and teams/; null for neither. */
export function kindOfTable(map: LocatedMap): 'team' | 'person' | null {
  const has = (key: string) => entryOf(map, key) !== undefined
  if (has('lists') || has('people') || has('subteam-of')) return 'team'
  const email = entryOf(map, 'email')
  return email && (textOf(email.value) !== null || email.value.kind !== 'scalar') ? 'person' : null
}
