// Logging in: the brake against guessing first, then the password; a certificate known for a person counts as SASL EXTERNAL.

import type { CertificateAuthenticator, PasswordAuthenticator } from '../auth/authenticator.ts'
import type { Guard } from '../auth/login-throttle.ts'
import { identityOf } from '../auth/passwd-authenticator.ts'
import type { AuthAnswer, Credentials } from '../server/server-hooks.ts'
import { userText } from '../smtp/origin.ts'
import { refusal } from '../smtp/reply.ts'
import type { Session } from '../smtp/session.ts'

export interface Login {
  check(session: Session, credentials: Credentials): Promise<AuthAnswer>
}

export interface LoginParts {
  readonly passwords: PasswordAuthenticator
  readonly certificates: CertificateAuthenticator | null
  readonly guard: Guard
  /** Our domain: the brake must not count `lee` and `lee@domain` apart. */
  readonly domain: string
}

export function createLogin(parts: LoginParts): Login {
  return {
    check: (session, credentials) =>
      credentials.kind === 'password'
        ? byPassword(parts, session, credentials)
        : byCertificate(parts, session, credentials.authzid),
  }
}

async function byPassword(
  parts: LoginParts,
  session: Session,
  given: Credentials & { kind: 'password' },
): Promise<AuthAnswer> {
  // Acting for somebody else (RFC 4616 authzid) is not offered; ignoring it would be worse.
  if (given.authzid !== null && given.authzid !== given.user)
    return refused(
      535,
      '5.7.8',
      'Acting for another user is not possible',
      `authzid ${userText(given.authzid)} of ${userText(given.user)}`,
    )
  const name = identityOf(given.user, parts.domain)
  const leave = parts.guard.mayTry(session.remoteIp, name)
  if (leave.kind === 'banned')
    return refused(454, '4.7.0', 'Too many failed attempts, please try again later', leave.cause)
  const answer = await parts.passwords.check(given.user, given.password, session.remoteIp)
  if (answer.kind === 'unavailable') return refused(454, '4.7.0', 'Temporary authentication failure', answer.cause)
  if (answer.kind === 'wrong') {
    parts.guard.failed(session.remoteIp, name)
    if (answer.doubt !== undefined)
      return refused(454, '4.7.0', 'Temporary authentication failure', `${answer.cause}; ${answer.doubt}`)
    return refused(535, '5.7.8', 'Authentication credentials invalid', answer.cause)
  }
  parts.guard.succeeded(session.remoteIp, name)
  return { kind: 'accepted', origin: { kind: 'user', identity: answer.identity } }
}

async function byCertificate(parts: LoginParts, session: Session, authzid: string | null): Promise<AuthAnswer> {
  const certificate = session.tls?.certificate
  if (!certificate || !parts.certificates)
    return refused(535, '5.7.8', 'No client certificate that is known here', 'EXTERNAL without a certificate')
  const answer = await parts.certificates.identify(certificate)
  if (answer.kind === 'unavailable') return refused(454, '4.7.0', 'Temporary authentication failure', answer.cause)
  if (answer.kind === 'wrong' || (authzid !== null && authzid !== '' && authzid !== answer.identity))
    return refused(
      535,
      '5.7.8',
      'Authentication credentials invalid',
      answer.kind === 'wrong' ? answer.cause : `authzid ${userText(authzid ?? '')}`,
    )
  return { kind: 'accepted', origin: { kind: 'user', identity: answer.identity } }
}

function refused(code: number, enhanced: string, text: string, cause: string): AuthAnswer {
  return { kind: 'refused', reply: refusal(code, enhanced, text, cause) }
}
