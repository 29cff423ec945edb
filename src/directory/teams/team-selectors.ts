// Replaces selectors (`include-all-team-members`, `include-team-leads` …) by plain members and included teams, so that loops and sizes are
// checked as for any other team.

import type { ProblemList } from '../data-problem.ts'
import type { Roster } from './members.ts'
import { nameKey } from './team.ts'
import type { Team } from './team.ts'

/** Sites have one team of all people and one for the leads of each kind; each is computed from all teams. */
const SELECTOR_LIMIT = 20

/** The roster with all selectors replaced. */
export function expandSelectors(roster: Roster, problems: ProblemList): Roster {
  const selecting = [...roster.teams.values()].filter((team) => team.selectors.length > 0)
  const [surplus] = selecting.slice(SELECTOR_LIMIT)
  if (surplus?.selectors[0]) {
    problems.error(
      surplus.selectors[0].place,
      `more than ${SELECTOR_LIMIT} teams include the members of all other teams`,
    )
    return roster
  }
  const teams = new Map(roster.teams)
  for (const team of selecting) teams.set(nameKey(team.text), replaceSelectors(team, roster))
  return { ...roster, teams }
}

type Added = Pick<Team, 'members' | 'included'>

function replaceSelectors(team: Team, { teams }: Roster): Team {
  const others = [...teams.values()].filter((other) => other !== team)
  const added = team.selectors.map(({ of, place }): Added => {
    if (of === 'members') {
      const included = others.filter((other) => other.kind === 'team' && other.alumni === null)
      return { members: [], included: included.map(({ text }) => ({ text, place })) }
    }
    return { members: others.filter((other) => other.kind === of).flatMap((other) => other.leads), included: [] }
  })
  return {
    ...team,
    members: [...team.members, ...added.flatMap((one) => one.members)],
    included: [...team.included, ...added.flatMap((one) => one.included)],
  }
}
