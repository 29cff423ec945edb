// Checks the credentials of AUTH: the login throttle first, then the password or the proof of it. A client certificate of a user is SASL
// EXTERNAL.

import type {
  LastUseNotes,
  Identification,
  LoginClient,
  PasswordAuthenticator,
  ScramAuthenticator,
  TokenAuthenticator,
  UserCertificateAuthenticator,
} from '../auth/authenticator.ts'
import type { AttemptEnd, LoginAttempt } from '../auth/login-throttle.ts'
import type { LoginNotes } from '../auth/login-history.ts'
import { identityOf } from '../auth/passwd-authenticator.ts'
import type { LoginWatch } from './login-watch.ts'
import type { AuthAnswer, Credentials, ScramCredentials, TokenCredentials } from '../server/server-hooks.ts'
import { authMalformed } from '../server/server-replies.ts'
import { userText } from '../smtp/origin.ts'
import { refusal } from '../smtp/reply.ts'
import type { Refusal } from '../smtp/reply.ts'
import type { Session } from '../smtp/session.ts'

export interface Login {
  /** Whether clients should see this mechanism now. */
  isOffered(mechanism: string): boolean
  check(session: Session, credentials: Credentials): Promise<AuthAnswer>
}

export interface LoginParts {
  readonly passwords: PasswordAuthenticator
  readonly scram: ScramAuthenticator
  /** Null where clients are not asked for one. */
  readonly certificates: UserCertificateAuthenticator | null
  readonly tokens: TokenAuthenticator
  readonly guard: { begin(ip: string, user: string): LoginAttempt | Promise<LoginAttempt> }
  /** The memory of right passwords. */
  readonly remembered: { readonly forget: (account: string) => void }
  /** The main domain: the throttle counts `lee` and `lee@domain` as one user. */
  readonly domain: string
  readonly appUse: LastUseNotes
  readonly watch: Pick<LoginWatch, 'watch'>
  /** For the page of people; null without one. */
  readonly history: LoginNotes | null
}

export function createLogin(parts: LoginParts): Login {
  return {
    isOffered: (mechanism) => !mechanism.startsWith('SCRAM-') || parts.scram.isOffered(),
    check: (session, credentials) => {
      switch (credentials.kind) {
        case 'password': {
          const { user, password } = credentials
          return underGuard(parts, { session, way: 'password', ...credentials }, (client) =>
            parts.passwords.check(user, password, client),
          )
        }
        case 'scram':
          return byScram(parts, session, credentials)
        case 'token':
          return byToken(parts, session, credentials)
        case 'external':
          return byCertificate(parts, session, credentials.authzid)
      }
    },
  }
}

interface Claim {
  readonly session: Session
  readonly user: string
  readonly authzid: string | null
  /** For the history of logins. */
  readonly way: 'password' | 'certificate' | 'token'
}

/** `unfinished`: nothing was judged, and the client gets this reply. */
type Judged = Identification | { readonly kind: 'unfinished'; readonly reply: Refusal }

const ends: Readonly<Record<Judged['kind'], AttemptEnd>> = {
  identified: 'succeeded',
  wrong: 'failed',
  unavailable: 'undecided',
  unfinished: 'undecided',
}

/** Judges an attempt that the throttle counts. */
async function underGuard(
  parts: LoginParts,
  { session, user, authzid, way }: Claim,
  judge: (client: LoginClient) => Promise<Judged>,
): Promise<AuthAnswer> {
  // An authorization identity of another user (RFC 4616) is not supported. To ignore it would send mail as the wrong user.
  const name = identityOf(user, parts.domain)
  if (authzid !== null && identityOf(authzid, parts.domain) !== name)
    return refused(
      535,
      '5.7.8',
      'Authorization as another user is not supported',
      `authzid ${userText(authzid)} of ${userText(user)}`,
    )
  const attempt = await parts.guard.begin(session.remoteIp, name)
  if (attempt.kind === 'unavailable') return unavailable(attempt.cause)
  if (attempt.kind === 'banned') {
    parts.remembered.forget(name)
    return refused(454, '4.7.0', 'Too many failed attempts, please try again later', attempt.cause)
  }
  const answer = await judge({ ip: session.remoteIp, isKnown: attempt.isKnown }).catch((error: unknown) => {
    attempt.end('undecided')
    throw error
  })
  attempt.end(ends[answer.kind])
  noteLogin(parts.history, answer, { session, name, way })
  return answerTo(parts, session, answer)
}

function noteLogin(
  history: LoginNotes | null,
  answer: Judged,
  { session, name, way }: Pick<Claim, 'session' | 'way'> & { readonly name: string },
): void {
  const { remoteIp: ip, listener, helo } = session
  if (answer.kind === 'wrong' && answer.doubt === undefined) history?.failed(name, { ip, listener })
  if (answer.kind !== 'identified') return
  const { identity, app } = answer
  history?.succeeded(identity, { ip, listener, client: helo ?? '', way: app === undefined ? way : `app ${app}` })
}

function answerTo(parts: LoginParts, session: Session, answer: Judged): AuthAnswer {
  switch (answer.kind) {
    case 'unfinished':
      return { kind: 'refused', reply: answer.reply }
    case 'unavailable':
      return unavailable(answer.cause)
    case 'wrong':
      if (answer.doubt !== undefined)
        return refused(454, '4.7.0', 'Temporary authentication failure', `${answer.cause}; ${answer.doubt}`)
      return invalid(answer.cause)
    case 'identified':
      return accepted(parts, session, answer)
  }
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

async function byScram(parts: LoginParts, session: Session, given: ScramCredentials): Promise<AuthAnswer> {
  const { message, isPlus, isPlusOffered, channel, ask } = given
  if (!parts.scram.isOffered()) return invalid('SCRAM is not offered any more')
  const begun = parts.scram.begin(message, { isPlus, isPlusOffered, data: channel })
  if (begun.kind === 'malformed') return { kind: 'refused', reply: { ...authMalformed, cause: begun.cause } }
  if (begun.kind === 'refused') return invalid(begun.cause)
  return underGuard(parts, { session, way: 'password', ...begun }, async (client): Promise<Judged> => {
    const first = await begun.answer(client)
    const proof = await ask(first.message)
    if (typeof proof !== 'string') return { kind: 'unfinished', reply: proof }
    const end = first.end(proof)
    if (end.kind === 'malformed') return { kind: 'unfinished', reply: { ...authMalformed, cause: end.cause } }
    if (end.message === null) return end.answer
    // 235 carries no data (RFC 4954 4): the proof of the server is one more challenge, which the client answers with an empty line.
    const last = await ask(end.message)
    return typeof last === 'string' ? end.answer : { kind: 'unfinished', reply: last }
  })
}

/** RFC 7628 3.2.2. A mail program gets a new token then. */
const INVALID_TOKEN = JSON.stringify({ status: 'invalid_token' })

async function byToken(parts: LoginParts, session: Session, given: TokenCredentials): Promise<AuthAnswer> {
  const { user, token, ask } = given
  const account = user ?? (await parts.tokens.claimedUser(token))
  if (account === null) {
    await ask(INVALID_TOKEN)
    return invalid('the token names no user')
  }
  return underGuard(parts, { session, user: account, authzid: null, way: 'token' }, async ({ ip }) => {
    const answer = await parts.tokens.check({ token, user, ip })
    if (answer.kind === 'wrong') await ask(INVALID_TOKEN)
    return answer
  })
}

async function byCertificate(parts: LoginParts, session: Session, authzid: string | null): Promise<AuthAnswer> {
  const certificate = session.tls?.certificate
  if (!certificate || !parts.certificates)
    return refused(535, '5.7.8', 'Client certificate is missing or unknown', 'EXTERNAL without a client certificate')
  const { certificates } = parts
  const claim = { certificate, authzid, ip: session.remoteIp }
  const named = certificates.name(claim)
  if (named.kind !== 'identified') return answerTo(parts, session, named)
  // A ban of the account or of the client holds for certificates too.
  return underGuard(parts, { session, user: named.identity, authzid: null, way: 'certificate' }, () =>
    certificates.check(claim),
  )
}

function invalid(cause: string): AuthAnswer {
  return refused(535, '5.7.8', 'Authentication credentials invalid', cause)
}

/** The node cannot say whether the credentials are right. */
function unavailable(cause: string): AuthAnswer {
  return { kind: 'unavailable', reply: refusal(454, '4.7.0', 'Temporary authentication failure', cause) }
}

function refused(code: number, enhanced: string, text: string, cause: string): AuthAnswer {
  return { kind: 'refused', reply: refusal(code, enhanced, text, cause) }
}
