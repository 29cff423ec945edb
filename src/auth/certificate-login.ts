// SASL EXTERNAL of a user with a client certificate: the certificate proves a name, and the user must exist and be able to log in.

import type { Clock } from '../lib/clock.ts'
import { userText } from '../smtp/origin.ts'
import type { ClientCertificate } from '../smtp/session.ts'
import type { CertificateClaim, Identification, UserCertificateAuthenticator } from './authenticator.ts'
import { identityOf } from './passwd-authenticator.ts'
import { type People, whyNoLogin } from './people.ts'
import { chooseName, type UserCertificates } from './user-certificates.ts'

export interface CertificateLoginParts {
  /** Null without them; a reload replaces them. */
  readonly certificates: () => UserCertificates | null
  readonly people: Pick<People, 'find' | 'known'>
  /** The main domain. */
  readonly domain: string
  readonly clock: Pick<Clock, 'now'>
  /** Called after each login; `expires` is that of the certificate, unix milliseconds. */
  readonly used: (identity: string, certificate: ClientCertificate, expires: number | null) => void
}

export function createCertificateLogin(parts: CertificateLoginParts): UserCertificateAuthenticator {
  const { people, used } = parts
  return {
    name: (claim) => {
      const judged = judge(parts, claim)
      return judged.kind === 'name' ? { kind: 'identified', identity: judged.identity } : judged
    },
    check: async (claim): Promise<Identification> => {
      const judged = judge(parts, claim)
      if (judged.kind !== 'name') return judged
      const { identity } = judged
      const person = await people.find(identity)
      if (person.kind === 'unavailable') return person
      const problem = whyNoLogin(person, identity, claim.ip)
      if (problem !== null) return { kind: 'wrong', cause: problem }
      used(identity, claim.certificate, judged.expires)
      return { kind: 'identified', identity, whyEnded: () => whyEnded(parts, claim, identity) }
    },
  }
}

type Judged =
  | { readonly kind: 'name'; readonly identity: string; readonly expires: number | null }
  | Exclude<Identification, { kind: 'identified' }>

function judge(
  { certificates, domain, clock }: CertificateLoginParts,
  { certificate, authzid }: CertificateClaim,
): Judged {
  const answer = certificates()?.judge(certificate, clock.now())
  if (!answer) return { kind: 'wrong', cause: 'no certificates of users are configured' }
  if (answer.kind !== 'names') return answer
  const same = (one: string, other: string) => identityOf(one, domain) === identityOf(other, domain)
  const chosen = chooseName(answer.names, authzid, same)
  if (chosen.kind === 'unclear') return { kind: 'wrong', cause: chosen.cause }
  return { kind: 'name', identity: identityOf(chosen.name, domain), expires: answer.expires }
}

function whyEnded(parts: CertificateLoginParts, claim: CertificateClaim, identity: string): string | null {
  const judged = judge(parts, claim)
  if (judged.kind === 'wrong') return judged.cause
  // A list that is too old concerns new logins only: sessions end soon anyway.
  if (judged.kind === 'unavailable') return null
  if (judged.kind === 'name' && judged.identity !== identity)
    return `the certificate is now that of ${userText(judged.identity)}`
  return whyNoLogin(parts.people.known(identity), identity, claim.ip)
}
