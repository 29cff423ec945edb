// Converts people and teams to plain aliases: each list becomes the addresses of its members without those that opted out. A list without
// recipients is an error.

import { addressKey, printAddress } from '../address.ts'
import type { LocatedEntry, LocatedMap, LocatedScalar } from '../located.ts'
import type { ProblemList } from '../data-problem.ts'
import { reportWrongNames, Membership } from './members.ts'
import type { Roster } from './members.ts'
import { expandSelectors } from './team-selectors.ts'
import { nameKey } from './team.ts'
import type { Person, Team, TeamList } from './team.ts'

/** All lists of all teams as a mapping of aliases; null, with the problems reported, if names are unknown or teams form a loop. */
export function teamLists(written: Roster, problems: ProblemList): LocatedMap | null {
  const roster = expandSelectors(written, problems)
  if (reportWrongNames(roster, problems)) return null
  const resolving = { roster, problems, membership: new Membership(roster, problems), reported: new Set<Person>() }
  const entries: LocatedEntry[] = []
  for (const team of roster.teams.values()) {
    for (const list of team.lists) {
      const entry = entryOfList(resolving, team, list)
      if (entry) entries.push(entry)
      if (!resolving.membership.isExhausted) continue
      problems.error(list.address.place, 'teams and lists expand to too many members: this list exceeds the limit')
      return null
    }
  }
  const [first] = entries
  return first ? { kind: 'map', place: first.place, entries } : null
}

interface Resolving {
  readonly roster: Roster
  readonly problems: ProblemList
  readonly membership: Membership
  /** People whose missing address is already reported. */
  readonly reported: Set<Person>
}

function entryOfList(resolving: Resolving, team: Team, list: TeamList): LocatedEntry | null {
  const targets = new Map<string, LocatedScalar>()
  let faulty = list.faulty
  const add = ({ address, place }: TeamList['extraEmails'][number]) => {
    const key = addressKey(address)
    if (!targets.has(key)) targets.set(key, { kind: 'scalar', place, value: printAddress(address) })
  }
  for (const name of namesOf(resolving, team, list)) {
    const person = resolving.roster.people.get(name)
    if (!person || person.email === 'out') continue
    if (person.email === 'missing') warnMissingEmail(resolving, person, list)
    else if (person.email === 'bad') faulty = true
    else add(person.email)
  }
  list.extraEmails.forEach(add)
  if (targets.size === 0) {
    const why = `list ${list.address.text} of team ${team.text} has no recipients: it has no members, or all have opted out`
    if (!faulty) resolving.problems.error(list.address.place, why)
    return null
  }
  const { text, place } = list.address
  return { key: text, place, value: { kind: 'list', place, items: [...targets.values()] } }
}

function namesOf({ roster, membership }: Resolving, team: Team, list: TeamList): ReadonlySet<string> {
  const names = new Set<string>()
  if (list.teamMembers) membership.add(names, membership.of(team))
  for (const other of list.subteamMembers ? membership.below(team) : []) membership.add(names, membership.of(other))
  membership.add(
    names,
    list.extraPeople.map((name) => nameKey(name.text)),
  )
  for (const name of list.extraTeams) {
    const other = roster.teams.get(nameKey(name.text))
    if (other) membership.add(names, membership.of(other))
  }
  return names
}

/** Only a warning, so that the other members get their mail. */
function warnMissingEmail({ problems, reported }: Resolving, person: Person, list: TeamList): void {
  if (reported.has(person)) return
  reported.add(person)
  const advice = 'write email = "…", or email = false to opt out of lists'
  problems.warn(person.place, `${person.text} is on ${list.address.text} but has no email address: ${advice}`)
}
