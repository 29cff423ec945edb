// People and teams as TOML files describe them.

import type { Mailbox } from '../../smtp/mailbox.ts'
import type { Place } from '../data-problem.ts'

/** The name of a person, a team or a list, and its place. */
export interface Named {
  readonly text: string
  readonly place: Place
}

export interface Person extends Named {
  /** Another name that teams may use for this person. */
  readonly alias: Named | null
  /** `out`: opted out of lists (`email = false`). `missing`: no `email`. `bad`: invalid and already reported. */
  readonly email: { readonly address: Mailbox; readonly place: Place } | 'out' | 'missing' | 'bad'
}

export const teamKinds = ['team', 'working-group', 'project-group', 'marker-team'] as const
export type TeamKind = (typeof teamKinds)[number]

/** Selects members of all other teams: the leads of one kind of team, or all members. */
export interface TeamSelector {
  readonly of: 'members' | Exclude<TeamKind, 'marker-team'>
  readonly place: Place
}

export interface Team extends Named {
  readonly kind: TeamKind
  /** The team above it. */
  readonly parent: Named | null
  /** Leads are members, too. */
  readonly leads: readonly Named[]
  readonly members: readonly Named[]
  /** Teams whose members are members of this team, too. */
  readonly included: readonly Named[]
  readonly selectors: readonly TeamSelector[]
  /** The place of a request for alumni, which are not tracked; reported if a list includes this team's members. */
  readonly alumni: Place | null
  readonly lists: readonly TeamList[]
}

/** One address and its members. */
export interface TeamList {
  readonly address: Named
  readonly teamMembers: boolean
  readonly subteamMembers: boolean
  readonly extraPeople: readonly Named[]
  readonly extraTeams: readonly Named[]
  readonly extraEmails: readonly { readonly address: Mailbox; readonly place: Place }[]
  /** True if a part is invalid and reported, so that an empty list is not reported again. */
  readonly faulty: boolean
}

/** Names are case-insensitive, because they are also names of files. */
export function nameKey(name: string): string {
  return name.toLowerCase()
}
