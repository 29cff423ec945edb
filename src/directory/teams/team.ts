// People and teams as TOML files name them, before anybody asks who is on a list.
// Room: directory.

import type { Mailbox } from '../../smtp/mailbox.ts'
import type { Place } from '../problem.ts'

/** A word and where it is written: the name of a person, a team, a list. */
export interface Named {
  readonly text: string
  readonly place: Place
}

export interface Person extends Named {
  /** `out`: wants no mail of lists (`email = false`). `missing`: nothing is said. `bad`: a fault that is told already. */
  readonly email: { readonly address: Mailbox; readonly place: Place } | 'out' | 'missing' | 'bad'
}

export interface Team extends Named {
  /** The team above it. */
  readonly parent: Named | null
  readonly members: readonly Named[]
  /** Teams whose members are members here too. */
  readonly included: readonly Named[]
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
