// Who is this, by a passwd-file. The name may come with or without our domain; the answer is the same identity for both.
// An unknown user costs the same work as a wrong password, so that the time of the answer tells nothing.

import type { Identification, PasswordAuthenticator } from './authenticator.ts'
import type { PasswdFile } from './passwd-file.ts'
import type { PasswdEntry } from './passwd-line.ts'
import type { PasswordPool } from './password-pool.ts'
import type { StoredPassword } from './stored-password.ts'

export interface PasswdAuthenticatorSettings {
  /** The table of this moment. */
  readonly current: () => PasswdFile
  readonly pool: PasswordPool
  /** Our domain: `lee@domain` is `lee`. */
  readonly domain: string
}

/** RFC 4616 gives no limit; longer ones are attacks on the hash functions. */
const MOST_PASSWORD_OCTETS = 1024

export function createPasswdAuthenticator(settings: PasswdAuthenticatorSettings): PasswordAuthenticator {
  let dummyOf: PasswdFile | null = null
  let dummy: StoredPassword | null = null
  const decoy = (file: PasswdFile): StoredPassword | null => {
    if (file !== dummyOf) {
      dummyOf = file
      dummy = usualPassword(file)
    }
    return dummy
  }
  return {
    check: async (user, password, remoteIp): Promise<Identification> => {
      if (Buffer.byteLength(password) > MOST_PASSWORD_OCTETS) return wrong('password too long')
      const file = settings.current()
      const identity = identityOf(user, settings.domain)
      const entry = find(file, identity, settings.domain)
      const stored = entry?.stored ?? decoy(file)
      if (!stored) return wrong('no users')
      const verdict = await settings.pool.verify(stored, password)
      if (verdict === 'unavailable') return { kind: 'unavailable', cause: 'password checks are overloaded' }
      if (!entry) return wrong(`unknown user ${identity}`)
      if (verdict === 'mismatch') return wrong(`wrong password of ${identity}`)
      // Looked at last: the place must not tell whether the password was right.
      if (entry.allows && (remoteIp === undefined || !entry.allows(remoteIp)))
        return wrong(`${identity} may not log in from ${remoteIp ?? 'an unknown address'}`)
      return { kind: 'identified', identity }
    },
  }
}

/** Lower case; without the domain if it is ours. */
export function identityOf(user: string, domain: string): string {
  const name = user.toLowerCase()
  const suffix = `@${domain.toLowerCase()}`
  return name.endsWith(suffix) ? name.slice(0, -suffix.length) : name
}

/** The file may name people either way. */
function find(file: PasswdFile, identity: string, domain: string): PasswdEntry | undefined {
  return file.entries.get(identity) ?? file.entries.get(`${identity}@${domain.toLowerCase()}`)
}

/** A hash of the kind that most people of the file have: checking it takes as long as checking theirs. */
function usualPassword(file: PasswdFile): StoredPassword | null {
  const kinds = new Map<string, { count: number; stored: StoredPassword }>()
  for (const { stored } of file.entries.values()) {
    const kind = kinds.get(stored.scheme) ?? { count: 0, stored }
    kind.count++
    kinds.set(stored.scheme, kind)
  }
  const usual = [...kinds.values()].toSorted((a, b) => b.count - a.count)[0]
  return usual?.stored ?? null
}

function wrong(cause: string): Identification {
  return { kind: 'wrong', cause }
}
