// Checks the credentials of AUTH: the login throttle first, then the password. A client certificate of a user is SASL EXTERNAL.

import type {
  AppPasswordNotes,
  CertificateAuthenticator,
  Identification,
  LoginClient,
  PasswordAuthenticator,
} from '../auth/authenticator.ts'
import type { AttemptEnd, LoginAttempt } from '../auth/login-throttle.ts'
import { identityOf } from '../auth/passwd-authenticator.ts'
import type { LoginWatch } from './login-watch.ts'
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
  readonly guard: { begin(ip: string, user: string): LoginAttempt | Promise<LoginAttempt> }
  /** The memory of right passwords. */
  readonly remembered: { readonly forget: (account: string) => void }
  /** The main domain: the throttle counts `lee` and `lee@domain` as one user. */
  readonly domain: string
  readonly appUse: AppPasswordNotes
  readonly watch: Pick<LoginWatch, 'watch'>
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
  // An authorization identity of another user (RFC 4616) is not supported. To ignore it would send mail as the wrong user.
  const name = identityOf(given.user, parts.domain)
  if (given.authzid !== null && identityOf(given.authzid, parts.domain) !== name)
    return refused(
      535,
      '5.7.8',
      'Authorization as another user is not supported',
      `authzid ${userText(given.authzid)} of ${userText(given.user)}`,
    )
  const attempt = await parts.guard.begin(session.remoteIp, name)
  if (attempt.kind === 'unavailable') return refused(454, '4.7.0', 'Temporary authentication failure', attempt.cause)
  if (attempt.kind === 'banned') {
    parts.remembered.forget(name)
    return refused(454, '4.7.0', 'Too many failed attempts, please try again later', attempt.cause)
  }
  const { answer, end } = await tryPassword(parts, given, { ip: session.remoteIp, isKnown: attempt.isKnown }).catch(
    (error: unknown) => {
      attempt.end('undecided')
      throw error
    },
  )
  attempt.end(end)
  if (answer.kind === 'unavailable') return refused(454, '4.7.0', 'Temporary authentication failure', answer.cause)
  if (answer.kind === 'wrong') {
    if (answer.doubt !== undefined)
      return refused(454, '4.7.0', 'Temporary authentication failure', `${answer.cause}; ${answer.doubt}`)
    return refused(535, '5.7.8', 'Authentication credentials invalid', answer.cause)
  }
  return accepted(parts, session, answer)
}

function accepted(
  { appUse, watch }: LoginParts,
  session: Session,
  { identity, app, whyEnded }: Identification & { readonly kind: 'identified' },
): AuthAnswer {
  const origin = { kind: 'user', identity, ...(app === undefined ? {} : { app }) } as const
  if (app !== undefined) appUse.note(identity, app, session.remoteIp)
  if (whyEnded) watch.watch(session, origin, whyEnded)
  return { kind: 'accepted', origin }
}

async function tryPassword(
  { passwords }: LoginParts,
  { user, password }: Credentials & { kind: 'password' },
  client: LoginClient,
): Promise<{ readonly answer: Identification; readonly end: AttemptEnd }> {
  const answer = await passwords.check(user, password, client)
  const ends = { identified: 'succeeded', wrong: 'failed', unavailable: 'undecided' } as const
  return { answer, end: ends[answer.kind] }
}

async function byCertificate(parts: LoginParts, session: Session, authzid: string | null): Promise<AuthAnswer> {
  const certificate = session.tls?.certificate
  if (!certificate || !parts.certificates)
    return refused(535, '5.7.8', 'Client certificate is missing or unknown', 'EXTERNAL without a client certificate')
  const answer = await parts.certificates.identify(certificate)
  if (answer.kind === 'unavailable') return refused(454, '4.7.0', 'Temporary authentication failure', answer.cause)
  if (answer.kind === 'wrong' || (authzid !== null && authzid !== '' && authzid !== answer.identity))
    return refused(
      535,
      '5.7.8',
      'Authentication credentials invalid',
      answer.kind === 'wrong' ? answer.cause : `authzid ${userText(authzid ?? '')}`,
    )
  return accepted(parts, session, answer)
}

function refused(code: number, enhanced: string, text: string, cause: string): AuthAnswer {
  return { kind: 'refused', reply: refusal(code, enhanced, text, cause) }
}
