// AUTH towards a smarthost (RFC 4954): SCRAM-SHA-256 where it is offered, else PLAIN (RFC 4616), else LOGIN. Only inside TLS: the caller
// has to see to that. A refused password defers the mail: it is our configuration's mistake, not the sender's.

import type { Random } from '../../lib/random.ts'
import { awaitReply, isDeliveryError } from './smtp-command.ts'
import type { Credentials } from './client-profile.ts'
import type { Dialogue } from './smtp-dialogue.ts'
import { scramFinal, scramFirst, isServerProven } from './scram.ts'
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

/** Octets of our nonce: more than anybody can guess. */
const NONCE_OCTETS = 18

/** Null once the server is content. */
export async function authenticate(request: AuthRequest): Promise<DeliveryError | null> {
  const { offered } = request
  if (offered.has('SCRAM-SHA-256')) return scram(request)
  if (offered.has('PLAIN')) return plain(request)
  if (offered.has('LOGIN')) return login(request)
  const list = [...offered].join(' ') || 'nothing'
  const text = `The server offers ${list} to log in with, expected SCRAM-SHA-256, PLAIN or LOGIN`
  return { kind: 'unsupported', scope: 'site', status: '4.7.4', text }
}

async function plain(request: AuthRequest): Promise<DeliveryError | null> {
  const { user, password } = request.credentials
  return end(request, `AUTH PLAIN ${encode(`\0${user}\0${password}`)}`)
}

async function login(request: AuthRequest): Promise<DeliveryError | null> {
  const { user, password } = request.credentials
  const name = await challenge(request, 'AUTH LOGIN')
  if (typeof name !== 'string') return name
  const secret = await challenge(request, encode(user))
  return typeof secret === 'string' ? end(request, encode(password)) : secret
}

async function scram(request: AuthRequest): Promise<DeliveryError | null> {
  const { credentials, dialogue } = request
  const nonce = request.random(NONCE_OCTETS).toString('base64')
  const serverFirst = await challenge(request, `AUTH SCRAM-SHA-256 ${encode(scramFirst(credentials.user, nonce))}`)
  if (typeof serverFirst !== 'string') return serverFirst
  const answer = await scramFinal(credentials, nonce, serverFirst)
  if (answer.kind === 'bad') return distrust(dialogue, answer.cause)
  const serverFinal = await challenge(request, encode(answer.message))
  if (typeof serverFinal !== 'string') return serverFinal
  if (!isServerProven(serverFinal, answer.expected)) return distrust(dialogue, 'it does not know the password')
  return end(request, '')
}

/** Whoever cannot do its half of SCRAM is not the server that the password is for. */
function distrust(dialogue: Dialogue, cause: string): DeliveryError {
  dialogue.close('server failed at SCRAM')
  return { kind: 'protocol-error', phase: 'auth', cause: `SCRAM-SHA-256: ${cause}` }
}

/** Says a line; the decoded text of the 334, or what came instead. */
async function challenge(request: AuthRequest, line: string): Promise<string | DeliveryError> {
  const { dialogue, timeout } = request
  dialogue.write(`${line}\r\n`)
  const answer = await awaitReply(dialogue, { phase: 'auth', timeout, expect: 3 })
  return isDeliveryError(answer) ? answer : Buffer.from(answer.verbatim.slice(4), 'base64').toString('utf8')
}

async function end(request: AuthRequest, line: string): Promise<DeliveryError | null> {
  const { dialogue, timeout } = request
  dialogue.write(`${line}\r\n`)
  const answer = await awaitReply(dialogue, { phase: 'auth', timeout, expect: 2 })
  return isDeliveryError(answer) ? answer : null
}

function encode(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64')
}
