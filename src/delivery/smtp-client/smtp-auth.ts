// AUTH towards a smarthost (RFC 4954): an access token, or SCRAM-SHA-256 if it is offered, else PLAIN (RFC 4616), else LOGIN. The caller
// ensures TLS. A refused login defers the mail, because the configuration is wrong, not the message.

import { authenticateByToken } from './bearer-auth.ts'
import type { PasswordCredentials } from './client-profile.ts'
import { type AuthRequest, challenge, encode, finish, notOffered } from './sasl-exchange.ts'
import { isServerProven, scramFinal, scramFirst } from './scram.ts'
import type { Dialogue } from './smtp-dialogue.ts'
import type { DeliveryError } from './transport.ts'

/** RFC 7677 asks for a nonce that cannot be guessed: 144 bits. */
const NONCE_OCTETS = 18

type PasswordRequest = AuthRequest<PasswordCredentials>

/** Null once the server accepted the login. */
export async function authenticate(request: AuthRequest): Promise<DeliveryError | null> {
  const { credentials } = request
  return credentials.kind === 'token'
    ? authenticateByToken({ ...request, credentials })
    : authenticateByPassword({ ...request, credentials })
}

async function authenticateByPassword(request: PasswordRequest): Promise<DeliveryError | null> {
  const { offered } = request
  if (offered.has('SCRAM-SHA-256')) return scram(request)
  if (offered.has('PLAIN')) return plain(request)
  if (offered.has('LOGIN')) return login(request)
  return notOffered(request, 'SCRAM-SHA-256, PLAIN or LOGIN')
}

async function plain(request: PasswordRequest): Promise<DeliveryError | null> {
  const { user, password } = request.credentials
  return finish(request, `AUTH PLAIN ${encode(`\0${user}\0${password}`)}`)
}

async function login(request: PasswordRequest): Promise<DeliveryError | null> {
  const { user, password } = request.credentials
  const forUser = await challenge(request, 'AUTH LOGIN')
  if (typeof forUser !== 'string') return forUser
  const forPassword = await challenge(request, encode(user))
  return typeof forPassword === 'string' ? finish(request, encode(password)) : forPassword
}

async function scram(request: PasswordRequest): Promise<DeliveryError | null> {
  const { credentials, dialogue } = request
  const nonce = request.random(NONCE_OCTETS).toString('base64')
  const serverFirst = await challenge(request, `AUTH SCRAM-SHA-256 ${encode(scramFirst(credentials.user, nonce))}`)
  if (typeof serverFirst !== 'string') return serverFirst
  const client = await scramFinal(credentials, nonce, serverFirst)
  if (client.kind === 'invalid') return rejectServer(dialogue, client.cause)
  const serverFinal = await challenge(request, encode(client.message))
  if (typeof serverFinal !== 'string') return serverFinal
  if (!isServerProven(serverFinal, client.expected))
    return rejectServer(dialogue, 'the server does not know the password')
  return finish(request, '')
}

/** A server that cannot complete SCRAM must not be trusted with the session. */
function rejectServer(dialogue: Dialogue, cause: string): DeliveryError {
  dialogue.close('SCRAM failed')
  return { kind: 'protocol-error', phase: 'auth', cause: `SCRAM-SHA-256: ${cause}` }
}
