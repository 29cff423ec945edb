// People and teams as TOML files describe them.

import type { Mailbox } from '../../smtp/mailbox.ts'
import type { Place } from '../data-problem.ts'

/** A word and where it is written: the name of a person, a team, a list. */
export interface Named {
  readonly text: string
  readonly place: Place
}

export interface Person extends Named {
  /** Another name by which teams may call this person. */
  readonly alias: Named | null
  /** `out`: wants no mail of lists (`email = false`). `missing`: nothing is said. `bad`: a fault that is told already. */
  readonly email: { readonly address: Mailbox; readonly place: Place } | 'out' | 'missing' | 'bad'
}

export const teamKinds = ['team', 'working-group', 'project-group', 'marker-team'] as const
export type TeamKind = (typeof teamKinds)[number]

/** Members that a look at all other teams tells: the leads of those of a kind, or everybody in a team. */
export interface TeamSelector {
  readonly of: 'members' | Exclude<TeamKind, 'marker-team'>
  readonly place: Place
}

export interface Team extends Named {
  readonly kind: TeamKind
  /** The team above it. */
  readonly parent: Named | null
  /** They are members as well. */
  readonly leads: readonly Named[]
  readonly members: readonly Named[]
  /** Teams whose members are members here too. */
  readonly included: readonly Named[]
  readonly selectors: readonly TeamSelector[]
  /** Asks for all who have ever left a team, whom nobody here knows; matters once a list asks for this team's members. */
  readonly alumni: Place | null
  readonly lists: readonly TeamList[]
}

/** One address, and who is behind it. */
export interface TeamList {
  readonly address: Named
  readonly teamMembers: boolean
  readonly subteamMembers: boolean
  readonly extraPeople: readonly Named[]
  readonly extraTeams: readonly Named[]
  readonly extraEmails: readonly { readonly address: Mailbox; readonly place: Place }[]
  /** A part could not be read: that the list may be empty is no news then. */
  readonly faulty: boolean
}

/** Names know no case: they are names of files, too. */
export function nameKey(name: string): string {
  return name.toLowerCase()
}
