// Rows of a mirrored source, the common form of LDAP entries and SQL rows. Texts are as in the source; index-content.ts checks them.

/** A person: own addresses (bare names belong to the main domain) and the password hash, if the source has it. */
export interface UserRow {
  readonly name: string
  readonly addresses: readonly string[]
  readonly password?: string
  /** A DN, or `sql:NAME:TABLE/KEY`. */
  readonly source: string
}

/** An address of ours and its targets. */
export interface TargetsRow {
  readonly address: string
  readonly targets: readonly string[]
  readonly source: string
}

export interface SourceContent {
  readonly users: readonly UserRow[]
  readonly aliases: readonly TargetsRow[]
  readonly forwards: readonly TargetsRow[]
}

export interface ContentCounts {
  readonly users: number
  readonly passwords: number
  readonly aliases: number
  readonly forwards: number
}

export function countContent(content: SourceContent): ContentCounts {
  return {
    users: content.users.length,
    passwords: content.users.filter((user) => user.password !== undefined).length,
    aliases: content.aliases.length,
    forwards: content.forwards.length,
  }
}

/** In place of a password that no scheme of this node can verify. */
const UNUSABLE = '{UNUSABLE}'

/** The content without passwords that cannot be verified: a directory may have them in clear, and they would be on the disk of the node. */
export function withoutUnusable(content: SourceContent, canVerify: (hash: string) => boolean): SourceContent {
  const users = content.users.map((user) =>
    user.password === undefined || canVerify(user.password) ? user : { ...user, password: UNUSABLE },
  )
  return { ...content, users }
}

/** Rows in a fixed order, so that equal content gives equal snapshots. */
export function sortContent(content: SourceContent): SourceContent {
  return {
    users: content.users.toSorted((a, b) => compare(a.name, b.name) || compare(a.source, b.source)),
    aliases: content.aliases.toSorted(byAddress),
    forwards: content.forwards.toSorted(byAddress),
  }
}

function byAddress(a: TargetsRow, b: TargetsRow): number {
  return compare(a.address, b.address) || compare(a.source, b.source)
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
