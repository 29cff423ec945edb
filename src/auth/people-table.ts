// The users of the passwd-file and of mirrored LDAP and SQL sources as one table in memory. Users of the last good snapshot can log in
// during an outage of their source.

import { identityOf } from './passwd-authenticator.ts'
import { noPasswdFile, type PasswdFile } from './passwd-file.ts'
import { userKey } from './passwd-line.ts'
import type { PasswdEntry } from './passwd-line.ts'
import { readStored } from './stored-password.ts'

/** Password hashes by user name. */
export type Passwords = ReadonlyMap<string, { readonly password: string }>

/** Returns a function that merges the sources again only when one of them changed. Hashes with an unsupported scheme are `unusable`. */
export function createPeopleTable(
  file: PasswdFile | null,
  passwords: () => readonly Passwords[],
  domain: string,
): () => PasswdFile {
  let mergedFrom: readonly Passwords[] = []
  let table = file ?? noPasswdFile
  return () => {
    const now = passwords()
    if (now.length === mergedFrom.length && now.every((one, index) => one === mergedFrom[index])) return table
    mergedFrom = now
    table = merge(file ?? noPasswdFile, now, domain)
    return table
  }
}

/** `kim` and `kim@domain` are one user: a source must not add the other form of a user whom the file limits or refuses. */
function merge(file: PasswdFile, sources: readonly Passwords[], domain: string): PasswdFile {
  const entries = new Map<string, PasswdEntry>(file.entries)
  const unusable = new Map<string, string>(file.unusable)
  const known = new Set([...entries.keys(), ...unusable.keys()].map((user) => identityOf(user, domain)))
  for (const source of sources) {
    for (const [user, { password }] of source) {
      const identity = identityOf(user, domain)
      const read = known.has(identity) ? null : readStored(password)
      if (read === null) continue
      const key = userKey(user)
      // A later source may have a password of this user that can be used.
      if (read.kind === 'bad') unusable.set(key, read.problem)
      else {
        known.add(identity)
        entries.set(key, { user: key, stored: read.stored, allows: null })
      }
    }
  }
  return { ...file, entries, unusable }
}
