// Authenticates a user by name and password. A name with the main domain and one without it are the same identity. An unknown user costs
// the same work as a wrong password, so that the response time reveals nothing.

import { userText } from '../smtp/origin.ts'
import type { Identification, PasswordAuthenticator } from './authenticator.ts'
import type { PasswordPool } from './password-pool.ts'
import { userKey } from './passwd-line.ts'
import type { AskVerdict, Check, People } from './people.ts'

export interface PasswdAuthenticatorSettings {
  readonly people: People
  readonly pool: PasswordPool
  /** The main domain: `lee@domain` is `lee`. */
  readonly domain: string
}

/** RFC 4616 gives no limit. A longer password only wastes time in the hash function. */
const MOST_PASSWORD_OCTETS = 1024
/** As in a passwd-file: no address is longer, so no directory is queried for a longer name. */
const MOST_NAME_LENGTH = 254

const NO_MATCH: AskVerdict = { kind: 'mismatch' }

export function createPasswdAuthenticator(settings: PasswdAuthenticatorSettings): PasswordAuthenticator {
  const { people, pool, domain } = settings
  return {
    check: async (user, password, remoteIp): Promise<Identification> => {
      if (Buffer.byteLength(password) > MOST_PASSWORD_OCTETS) return wrong('password too long')
      if (user.length > MOST_NAME_LENGTH) return wrong('name too long')
      const identity = identityOf(user, domain)
      // NFKC can turn one character into a long text.
      if (identity.length > MOST_NAME_LENGTH) return wrong('name too long')
      const person = await people.find(identity)
      const check = person.kind === 'found' ? person.check : people.decoy()
      const verdict = check ? await carryOut(pool, check, password) : NO_MATCH
      if (person.kind === 'unavailable') return person
      if (!check) return wrong('no users')
      if (verdict.kind === 'unavailable') return verdict
      if (person.kind === 'absent') return wrong(person.cause ?? `unknown ${userText(identity)}`)
      // The source is unavailable and the password may have changed: the attempt counts, but the password is not known to be wrong.
      if (verdict.kind === 'mismatch')
        return { ...wrong(`wrong password of ${userText(identity)}`), ...doubtOf(person) }
      // Checked last, so that the reply from a foreign network does not reveal whether the password is correct.
      const { allows } = person
      if (allows && (remoteIp === undefined || !allows(remoteIp)))
        return wrong(`${userText(identity)} may not log in from ${remoteIp ?? 'an unknown address'}`)
      return { kind: 'identified', identity }
    },
  }
}

async function carryOut(pool: PasswordPool, check: Check, password: string): Promise<AskVerdict> {
  if (check.kind === 'ask') return await check.verify(password)
  const verdict = await pool.verify(check.stored, password)
  return verdict === 'unavailable'
    ? { kind: 'unavailable', cause: 'password checks are overloaded' }
    : { kind: verdict }
}

function doubtOf({ doubt }: { readonly doubt?: string }): { readonly doubt?: string } {
  return doubt === undefined ? {} : { doubt }
}

/** The user name in the form of `userKey`, without the domain if it is ours. */
export function identityOf(user: string, domain: string): string {
  const name = userKey(user)
  const suffix = `@${domain.toLowerCase()}`
  return name.endsWith(suffix) ? name.slice(0, -suffix.length) : name
}

function wrong(cause: string): Identification & { readonly kind: 'wrong' } {
  return { kind: 'wrong', cause }
}
