// `teams/NAME.toml`: who belongs to a team, the team above it, and the addresses that stand for its members.
// Room: directory. What the same file says to web sites, chats and repositories is passed over; what is unknown is refused.

import { describeLocated, entryOf, textOf } from '../located.ts'
import type { LocatedMap } from '../located.ts'
import { readAddress } from '../mail-build.ts'
import type { MailBuild } from '../mail-build.ts'
import { refuseUnknown } from '../unknown-keys.ts'
import { readFlag, readNames, readText } from './read-fields.ts'
import type { Named, Team, TeamList } from './team.ts'

const elsewhereKeys = [
  'top-level',
  'kind',
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
const teamKeys = ['name', 'subteam-of', 'people', 'lists']
/** Members that only a look at all teams could tell: one name too many, and a list reaches everybody. */
const sweepingKeys = [
  'include-all-team-members',
  'include-team-leads',
  'include-wg-leads',
  'include-project-group-leads',
  'include-all-alumni',
]
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

/** Reads one file of a team; `named` is what the file's name says. */
export function readTeam(build: MailBuild, named: Named, map: LocatedMap): Team {
  const { problems } = build
  refuseUnknown(map, [...teamKeys, ...elsewhereKeys], problems)
  const people = readPeople(build, map)
  return {
    ...(readText(map, 'name', problems) ?? named),
    parent: readText(map, 'subteam-of', problems),
    members: people
      ? [...readNames(people, 'leads', problems), ...readNames(people, 'members', problems, ['github', 'name'])]
      : [],
    included: people ? readNames(people, 'included-teams', problems) : [],
    lists: readLists(build, map),
  }
}

function readPeople(build: MailBuild, map: LocatedMap): LocatedMap | null {
  const field = entryOf(map, 'people')
  if (!field) return null
  if (field.value.kind !== 'map') {
    build.problems.error(field.value.place, `"people": expected a table, found ${describeLocated(field.value)}`)
    return null
  }
  const people = field.value
  refuseUnknown(people, [...peopleKeys, ...sweepingKeys], build.problems)
  for (const key of sweepingKeys) {
    if (!readFlag(people, key, false, build.problems)) continue
    const place = entryOf(people, key)?.place ?? people.place
    build.problems.error(place, `"${key}" is not followed: name the teams under "included-teams"`)
  }
  return people
}

function readLists(build: MailBuild, map: LocatedMap): readonly TeamList[] {
  const field = entryOf(map, 'lists')
  if (!field) return []
  if (field.value.kind !== 'list') {
    build.problems.error(field.value.place, `"lists": expected tables [[lists]], found ${describeLocated(field.value)}`)
    return []
  }
  return field.value.items.flatMap((item) => {
    const list = item.kind === 'map' ? readList(build, item) : null
    if (item.kind !== 'map') build.problems.error(item.place, `expected a table, found ${describeLocated(item)}`)
    return list ?? []
  })
}

function readList(build: MailBuild, map: LocatedMap): TeamList | null {
  const { problems } = build
  refuseUnknown(map, listKeys, problems)
  const address = readText(map, 'address', problems)
  if (!address) {
    if (!entryOf(map, 'address')) problems.error(map.place, 'a list needs an address')
    return null
  }
  const emails = readNames(map, 'extra-emails', problems)
  const extraEmails = emails.flatMap(({ text, place }) => {
    const mailbox = readAddress(build, text, place)
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

/** Whether a table speaks of a team or of a person, where the folder does not say it; null if of neither. */
export function kindOfTable(map: LocatedMap): 'team' | 'person' | null {
  const has = (key: string) => entryOf(map, key) !== undefined
  if (has('lists') || has('people') || has('subteam-of')) return 'team'
  const email = entryOf(map, 'email')
  return email && (textOf(email.value) !== null || email.value.kind !== 'scalar') ? 'person' : null
}
