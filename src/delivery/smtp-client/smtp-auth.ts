// AUTH towards a smarthost (RFC 4954): SCRAM-SHA-256 if it is offered, else PLAIN (RFC 4616), else LOGIN. The caller ensures TLS. A refused
// password defers the mail, because the configuration is wrong, not the message.

import type { Random } from '../../lib/random.ts'
import type { Credentials } from './client-profile.ts'
import { isServerProven, scramFinal, scramFirst } from './scram.ts'
import { awaitReply, isDeliveryError } from './smtp-command.ts'
import type { Dialogue } from './smtp-dialogue.ts'
import type { DeliveryError } from './transport.ts'

export interface AuthRequest {
  readonly dialogue: Dialogue
  readonly credentials: Credentials
  /** Mechanisms that the server offers, in upper case. */
  readonly offered: ReadonlySet<string>
  /** Ms for each reply. */
  readonly timeout: number
  readonly random: Random
}

/** RFC 7677 asks for a nonce that cannot be guessed: 144 bits. */
const NONCE_OCTETS = 18

/** Null once the server accepted the login. */
export async function authenticate(request: AuthRequest): Promise<DeliveryError | null> {
  const { offered } = request
  if (offered.has('SCRAM-SHA-256')) return scram(request)
  if (offered.has('PLAIN')) return plain(request)
  if (offered.has('LOGIN')) return login(request)
  const list = [...offered].join(' ') || 'no mechanism'
  const text = `The server offers ${list} for AUTH, expected SCRAM-SHA-256, PLAIN or LOGIN`
  return { kind: 'unsupported', scope: 'site', status: '4.7.4', text }
}

async function plain(request: AuthRequest): Promise<DeliveryError | null> {
  const { user, password } = request.credentials
  return finish(request, `AUTH PLAIN ${encode(`\0${user}\0${password}`)}`)
}

async function login(request: AuthRequest): Promise<DeliveryError | null> {
  const { user, password } = request.credentials
  const forUser = await challenge(request, 'AUTH LOGIN')
  if (typeof forUser !== 'string') return forUser
  const forPassword = await challenge(request, encode(user))
  return typeof forPassword === 'string' ? finish(request, encode(password)) : forPassword
}

async function scram(request: AuthRequest): Promise<DeliveryError | null> {
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

/** Sends a line; the decoded text of the 334 reply, or the error. */
async function challenge(request: AuthRequest, line: string): Promise<string | DeliveryError> {
  const { dialogue, timeout } = request
  dialogue.write(`${line}\r\n`)
  const reply = await awaitReply(dialogue, { phase: 'auth', timeout, expect: 3 })
  return isDeliveryError(reply) ? reply : Buffer.from(reply.verbatim.slice(4), 'base64').toString('utf8')
}

/** Sends the last line of the exchange. */
async function finish(request: AuthRequest, line: string): Promise<DeliveryError | null> {
  const { dialogue, timeout } = request
  dialogue.write(`${line}\r\n`)
  const reply = await awaitReply(dialogue, { phase: 'auth', timeout, expect: 2 })
  return isDeliveryError(reply) ? reply : null
}

function encode(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64')
}
