// The login on the submission socket: the program names a user, and the rights of the socket prove that it may (decision 0047). The user must
// exist; everything else is as after a password.

import { identityOf } from '../auth/passwd-authenticator.ts'
import { type People, whyNoLogin } from '../auth/people.ts'
import type { AuthAnswer } from '../server/server-hooks.ts'
import { refusal } from '../smtp/reply.ts'
import type { LoginWatch } from './login-watch.ts'
import type { Login } from './login.ts'

export interface SocketLoginParts {
  readonly people: Pick<People, 'find' | 'known'>
  /** The main domain. */
  readonly domain: string
  readonly watch: Pick<LoginWatch, 'watch'>
}

export function createSocketLogin({ people, domain, watch }: SocketLoginParts): Login {
  return {
    isOffered: (mechanism) => mechanism === 'EXTERNAL',
    check: async (session, credentials) => {
      if (credentials.kind !== 'external' || credentials.authzid === null) return refused('no user is named')
      const identity = identityOf(credentials.authzid, domain)
      const person = await people.find(identity)
      if (person.kind === 'unavailable') {
        return {
          kind: 'unavailable',
          reply: refusal(454, '4.7.0', 'Temporary authentication failure', person.cause),
        }
      }
      // The program says where its client is (XFORWARD), such as the address of an ssh connection.
      const ip = session.forwarded?.ip ?? null
      const problem = whyNoLogin(person, identity, ip)
      if (problem !== null) return refused(problem)
      const origin = { kind: 'user', identity } as const
      watch.watch(session, origin, () => whyNoLogin(people.known(identity), identity, ip))
      return { kind: 'accepted', origin }
    },
  }
}

function refused(cause: string): AuthAnswer {
  return { kind: 'refused', reply: refusal(535, '5.7.8', 'Authentication credentials invalid', cause) }
}
