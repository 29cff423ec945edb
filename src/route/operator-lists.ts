// The contract of the own lists: which entries of `mail::allow` and `mail::block` concern a message. Policy decides what they mean.

import { conditionKeys, type ListConditions, type ListEntry, type ListName } from '../directory/directory.ts'

/** What is known of a client and its message. */
export interface ListSubject {
  /** Null for a client that is not known. */
  readonly ip: string | null
  /** The forward-confirmed name of the client. */
  readonly host: string | null
  readonly helo: string | null
  /** The reverse-path; null for the null sender. */
  readonly sender: string | null
  /** The forward-path as the client gave it. */
  readonly recipient: string
  /** The domains of the authors; null before the end of data, when no entry with from_domain matches. */
  readonly authors: readonly string[] | null
  /** Unix milliseconds. */
  readonly at: number
}

export type { ListEntry }

export interface OwnLists {
  /** The entries that match and have not expired, in the order of the files. The time does not grow with the number of other entries. */
  find(list: ListName, subject: ListSubject): readonly ListEntry[]
  readonly entries: readonly ListEntry[]
  /** True if an entry of the allow list has a host: then a client whose name is not known may be on it. */
  readonly allowsHosts: boolean
}

/** `block "shop" at mail.yaml:12: network 192.0.2.0/24 (ticket 17)`, for ledger, log and `explain`. */
export function describeListEntry({ list, name, source, conditions, comment }: ListEntry): string {
  const known = Object.entries(conditions) as readonly [keyof ListConditions, readonly string[]][]
  const values = known.map(([condition, found]) => `${conditionKeys[condition]} ${shortened(found)}`)
  const label = name === null ? '' : ` "${name}"`
  return `${list}${label} at ${source}: ${values.join(', ')}${comment === undefined ? '' : ` (${comment})`}`
}

/** Values of one condition that texts name. */
const MAX_SHOWN = 3

function shortened(found: readonly string[]): string {
  const shown = found.slice(0, MAX_SHOWN).map((one) => (one === '' ? '<>' : one))
  return `${shown.join(' or ')}${found.length > MAX_SHOWN ? ' or others' : ''}`
}
