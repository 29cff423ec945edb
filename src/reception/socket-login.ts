// The login on the submission socket: the program names a user, and the rights of the socket prove that it may (decision 0047). The user must
// exist; everything else is as after a password.

import { identityOf } from '../auth/passwd-authenticator.ts'
import type { PersonAnswer } from '../auth/people.ts'
import type { AuthAnswer } from '../server/server-hooks.ts'
import { userText } from '../smtp/origin.ts'
import { refusal } from '../smtp/reply.ts'
import type { Login } from './login.ts'

export interface SocketLoginParts {
  /** @param identity in the form of `identityOf` */
  readonly find: (identity: string) => PersonAnswer | Promise<PersonAnswer>
  /** The main domain. */
  readonly domain: string
}

export function createSocketLogin({ find, domain }: SocketLoginParts): Login {
  return {
    isOffered: (mechanism) => mechanism === 'EXTERNAL',
    check: async (session, credentials) => {
      if (credentials.kind !== 'external' || credentials.authzid === null) return refused('no user is named')
      const identity = identityOf(credentials.authzid, domain)
      const person = await find(identity)
      if (person.kind === 'unavailable') {
        return {
          kind: 'refused',
          reply: refusal(454, '4.7.0', 'Temporary authentication failure', person.cause),
        }
      }
      if (person.kind === 'absent') return refused(person.cause ?? `unknown ${userText(identity)}`)
      // The program says where its client is (XFORWARD), such as the address of an ssh connection.
      const ip = session.forwarded?.ip ?? null
      if (person.allows !== null && (ip === null || !person.allows(ip)))
        return refused(`${userText(identity)} may not log in from ${ip ?? 'an unknown address'}`)
      return { kind: 'accepted', origin: { kind: 'user', identity } }
    },
  }
}

function refused(cause: string): AuthAnswer {
  return { kind: 'refused', reply: refusal(535, '5.7.8', 'Authentication credentials invalid', cause) }
}
