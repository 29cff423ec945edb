// Login with an access token: OAUTHBEARER (RFC 7628), else XOAUTH2, which Microsoft and Google defined before it. A token that the server
// refuses is replaced once, because the server may have revoked it before its end; then the mail is deferred.

import type { TokenCredentials } from './client-profile.ts'
import { type AuthRequest, challenge, encode, finish, notOffered } from './sasl-exchange.ts'
import { checkReply, isDeliveryError } from './smtp-command.ts'
import type { DeliveryError } from './transport.ts'

type TokenRequest = AuthRequest<TokenCredentials>

interface Mechanism {
  readonly name: 'OAUTHBEARER' | 'XOAUTH2'
  /** The message with the token. */
  readonly message: (user: string, token: string) => string
  /** What the client answers to the challenge with the error: RFC 7628 3.2.3; an empty line for XOAUTH2. */
  readonly afterError: string
}

const mechanisms: readonly Mechanism[] = [
  {
    name: 'OAUTHBEARER',
    message: (user, token) =>
      `n,a=${user.replaceAll('=', '=3D').replaceAll(',', '=2C')},\u0001auth=Bearer ${token}\u0001\u0001`,
    afterError: encode('\u0001'),
  },
  { name: 'XOAUTH2', message: (user, token) => `user=${user}\u0001auth=Bearer ${token}\u0001\u0001`, afterError: '' },
]

/** Longest command line with CRLF (RFC 5321 4.5.3.1.4); RFC 4954 4 sends a longer message after an empty challenge. */
const MOST_LINE = 512

/** Null once the server accepted the login. */
export async function authenticateByToken(request: TokenRequest): Promise<DeliveryError | null> {
  const { tokens } = request.credentials
  const mechanism = mechanisms.find(({ name }) => request.offered.has(name))
  if (!mechanism) return notOffered(request, 'OAUTHBEARER or XOAUTH2')
  const first = await tokens.current()
  if (first.kind === 'unavailable') return noToken(first.cause)
  const refused = await present(request, mechanism, first.token)
  if (refused === null || !isRefused(refused)) return note(request, refused)
  const second = await tokens.replace(first.token)
  if (second.kind === 'unavailable') return note(request, refused)
  return note(request, await present(request, mechanism, second.token))
}

/** A permanent reply to the token. A temporary one says nothing about it. */
function isRefused(error: DeliveryError): error is Extract<DeliveryError, { kind: 'refused' }> {
  return error.kind === 'refused' && error.reply.code >= 500
}

function note({ credentials }: TokenRequest, result: DeliveryError | null): DeliveryError | null {
  if (result === null) credentials.tokens.noteLogin(null)
  else if (isRefused(result)) credentials.tokens.noteLogin(result.reply.verbatim)
  return result
}

async function present(request: TokenRequest, mechanism: Mechanism, token: string): Promise<DeliveryError | null> {
  const { dialogue, timeout, credentials } = request
  const message = encode(mechanism.message(credentials.user, token))
  const command = `AUTH ${mechanism.name}`
  const whole = `${command} ${message}`
  if (whole.length + 2 <= MOST_LINE) dialogue.write(`${whole}\r\n`)
  else {
    const empty = await challenge(request, command)
    if (typeof empty !== 'string') return empty
    dialogue.write(`${message}\r\n`)
  }
  const event = await dialogue.nextReply(timeout)
  // The challenge is JSON that describes the error. The reply to the dummy answer is the refusal.
  if (event.kind === 'reply' && event.reply.code === 334) return finish(request, mechanism.afterError)
  const reply = checkReply(dialogue, { phase: 'auth', expect: 2 }, event)
  return isDeliveryError(reply) ? reply : null
}

function noToken(cause: string): DeliveryError {
  return { kind: 'unsupported', scope: 'site', status: '4.7.0', text: `No access token for the login: ${cause}` }
}
