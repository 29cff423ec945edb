// The members of each team, included teams and subteams counted once; loops and endless chains are refused before.

import type { ProblemList } from '../data-problem.ts'
import { nameKey } from './team.ts'
import type { Named, Person, Team } from './team.ts'

/** Levels of nested teams. Organisations have a few; more is a mistake, or an attack on the stack. */
const DEPTH_LIMIT = 50
/** Members counted over all teams and lists, because teams that include each other could fill the memory. */
const MEMBERSHIP_LIMIT = 1_000_000

export interface Roster {
  readonly people: ReadonlyMap<string, Person>
  readonly teams: ReadonlyMap<string, Team>
}

/** True, with the problems reported, if a name is unknown or teams form a loop. */
export function reportWrongNames(roster: Roster, problems: ProblemList): boolean {
  let wrong = false
  const report = ({ text, place }: Named, what: string) => {
    wrong = true
    problems.error(place, `no ${what} named "${text}"`)
  }
  const checkNames = (names: readonly Named[], known: ReadonlyMap<string, unknown>, what: string) => {
    for (const name of names) if (!known.has(nameKey(name.text))) report(name, what)
  }
  for (const team of roster.teams.values()) {
    checkNames(team.parent ? [team.parent, ...team.included] : team.included, roster.teams, 'team')
    checkNames(team.members, roster.people, 'person')
    for (const list of team.lists) {
      checkNames(list.extraTeams, roster.teams, 'team')
      checkNames(list.extraPeople, roster.people, 'person')
    }
  }
  const relations = [
    { field: 'subteam-of', next: (team: Team) => (team.parent ? [team.parent] : []) },
    { field: 'included-teams', next: (team: Team) => team.included },
  ]
  for (const relation of relations) if (reportLoops(roster, relation, problems)) wrong = true
  return wrong
}

interface Relation {
  readonly field: string
  readonly next: (team: Team) => readonly Named[]
}

function reportLoops(roster: Roster, relation: Relation, problems: ProblemList): boolean {
  const heights = new Map<Team, number>()
  const path: Team[] = []
  let wrong = false
  let tooDeep = false
  const report = (at: Named, message: string) => {
    wrong = true
    problems.error(at.place, message)
  }
  const heightOf = (team: Team): number => {
    const known = heights.get(team)
    if (known !== undefined || tooDeep) return known ?? 0
    path.push(team)
    let height = 0
    for (const name of path.length > DEPTH_LIMIT ? [] : relation.next(team)) {
      const other = roster.teams.get(nameKey(name.text))
      const seen = other ? path.indexOf(other) : -1
      if (other && seen >= 0) {
        const loop = [...path.slice(seen), other].map((one) => one.text)
        report(name, `"${relation.field}" forms a loop: ${loop.join(' → ')}`)
      } else if (other) height = Math.max(height, heightOf(other) + 1)
    }
    // A path is cut off before it exceeds the stack; a long chain is also found by its height, when visited from its end.
    if (!tooDeep && (path.length > DEPTH_LIMIT || height >= DEPTH_LIMIT)) {
      tooDeep = true
      report(team, `more than ${DEPTH_LIMIT} nested teams ("${relation.field}")`)
    }
    path.pop()
    heights.set(team, height)
    return height
  }
  for (const team of roster.teams.values()) heightOf(team)
  return wrong
}

/** The members of teams, cached and counted. */
export class Membership {
  readonly #roster: Roster
  readonly #problems: ProblemList
  readonly #members = new Map<Team, ReadonlySet<string>>()
  readonly #subteams = new Map<Team, Team[]>()
  #counted = 0

  constructor(roster: Roster, problems: ProblemList) {
    this.#roster = roster
    this.#problems = problems
    for (const team of roster.teams.values()) {
      const parent = team.parent ? roster.teams.get(nameKey(team.parent.text)) : undefined
      if (!parent) continue
      const below = this.#subteams.get(parent)
      if (below) below.push(team)
      else this.#subteams.set(parent, [team])
    }
  }

  /** True above the limit of members; results are incomplete from then on. */
  get isExhausted(): boolean {
    return this.#counted > MEMBERSHIP_LIMIT
  }

  /** The members of a team, by `nameKey`. */
  of(team: Team): ReadonlySet<string> {
    const known = this.#members.get(team)
    if (known) return known
    const members = new Set<string>()
    if (team.alumni) {
      const advice = 'alumni are not tracked; add people that want the mail to "members"'
      this.#problems.error(team.alumni, `a list includes the alumni of ${team.text}: ${advice}`)
    }
    this.add(
      members,
      team.members.map((name) => nameKey(name.text)),
    )
    for (const name of team.included) {
      const other = this.#roster.teams.get(nameKey(name.text))
      if (other) this.add(members, this.of(other))
    }
    this.#members.set(team, members)
    return members
  }

  /** All teams below this one, at any depth. */
  below(team: Team): readonly Team[] {
    const found: Team[] = [...(this.#subteams.get(team) ?? [])]
    for (let at = 0; at < found.length && !this.isExhausted; at += 1) {
      found.push(...(this.#subteams.get(found[at] as Team) ?? []))
      this.#counted += 1
    }
    return found
  }

  add(to: Set<string>, names: Iterable<string>): void {
    for (const name of names) {
      this.#counted += 1
      if (this.isExhausted) return
      to.add(name)
    }
  }
}
