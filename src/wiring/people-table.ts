// The table of those who may log in: the passwd-file first, then whoever a mirrored LDAP or SQL has a password of. All of it in memory:
// an outage of a directory stops nobody who was in its last good snapshot.

import { identityOf } from '../auth/passwd-authenticator.ts'
import type { PasswdFile } from '../auth/passwd-file.ts'
import { type PasswdEntry, userKey } from '../auth/passwd-line.ts'
import { readStored } from '../auth/stored-password.ts'
import type { Passwords } from './directory-sources.ts'

const NOBODY: PasswdFile = { file: '', entries: new Map(), problems: [] }

/** A table that is made again only when a source has changed. Passwords that nobody could check are left out. */
export function createPeopleTable(
  file: PasswdFile | null,
  passwords: () => readonly Passwords[],
  domain: string,
): () => PasswdFile {
  let from: readonly Passwords[] = []
  let table = file ?? NOBODY
  return () => {
    const now = passwords()
    if (now.length === from.length && now.every((one, index) => one === from[index])) return table
    from = now
    table = merge(file ?? NOBODY, now, domain)
    return table
  }
}

/** `kim` and `kim@domain` are one person: an entry of the file, with its allow_nets, must not be passed by under the other name. */
function merge(file: PasswdFile, sources: readonly Passwords[], domain: string): PasswdFile {
  const entries = new Map<string, PasswdEntry>(file.entries)
  const known = new Set([...entries.keys()].map((user) => identityOf(user, domain)))
  for (const source of sources) {
    for (const [user, { password }] of source) {
      const identity = identityOf(user, domain)
      const read = known.has(identity) ? null : readStored(password)
      if (read?.kind !== 'read') continue
      known.add(identity)
      const key = userKey(user)
      entries.set(key, { user: key, stored: read.stored, allows: null })
    }
  }
  return { ...file, entries }
}
