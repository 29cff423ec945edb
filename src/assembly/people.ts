// Who may log in: the passwd-file first, then whoever LDAP or SQL have a password of. All of it in memory: an outage of a directory stops
// nobody who was in its last good snapshot.

import type { PasswdFile } from '../auth/passwd-file.ts'
import type { PasswdEntry } from '../auth/passwd-line.ts'
import { readStored } from '../auth/stored-password.ts'
import type { Passwords } from './directory-sources.ts'

const NOBODY: PasswdFile = { file: '', entries: new Map(), problems: [] }

/** A table that is made again only when a source has changed. Passwords that nobody could check are left out. */
export function createPeople(file: PasswdFile | null, passwords: () => readonly Passwords[]): () => PasswdFile {
  let from: readonly Passwords[] = []
  let table = file ?? NOBODY
  return () => {
    const now = passwords()
    if (now.length === from.length && now.every((one, index) => one === from[index])) return table
    from = now
    table = merge(file ?? NOBODY, now)
    return table
  }
}

function merge(file: PasswdFile, sources: readonly Passwords[]): PasswdFile {
  const entries = new Map<string, PasswdEntry>(file.entries)
  for (const source of sources) {
    for (const [user, { password }] of source) {
      const read = entries.has(user) ? null : readStored(password)
      if (read?.kind === 'read') entries.set(user, { user, stored: read.stored, allows: null })
    }
  }
  return { ...file, entries }
}
