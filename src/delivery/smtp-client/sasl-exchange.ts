// The lines of a SASL exchange of the client (RFC 4954 section 4).

import type { Random } from '../../lib/random.ts'
import type { Credentials } from './client-profile.ts'
import { awaitReply, isDeliveryError } from './smtp-command.ts'
import type { Dialogue } from './smtp-dialogue.ts'
import type { DeliveryError } from './transport.ts'

export interface AuthRequest<Kind extends Credentials = Credentials> {
  readonly dialogue: Dialogue
  readonly credentials: Kind
  /** Mechanisms that the server offers, in upper case. */
  readonly offered: ReadonlySet<string>
  /** Ms for each reply. */
  readonly timeout: number
  readonly random: Random
}

/** Sends a line; the decoded text of the 334 reply, or the error. */
export async function challenge(request: AuthRequest, line: string): Promise<string | DeliveryError> {
  const { dialogue, timeout } = request
  dialogue.write(`${line}\r\n`)
  const reply = await awaitReply(dialogue, { phase: 'auth', timeout, expect: 3 })
  return isDeliveryError(reply) ? reply : Buffer.from(reply.verbatim.slice(4), 'base64').toString('utf8')
}

/** Sends the last line of the exchange. Null if the server accepts the login. */
export async function finish(request: AuthRequest, line: string): Promise<DeliveryError | null> {
  const { dialogue, timeout } = request
  dialogue.write(`${line}\r\n`)
  const reply = await awaitReply(dialogue, { phase: 'auth', timeout, expect: 2 })
  return isDeliveryError(reply) ? reply : null
}

export function encode(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64')
}

/** The server offers none of the mechanisms. */
export function notOffered({ offered }: Pick<AuthRequest, 'offered'>, expected: string): DeliveryError {
  const list = [...offered].join(' ') || 'no mechanism'
  const text = `The server offers ${list} for AUTH, expected ${expected}`
  return { kind: 'unsupported', scope: 'site', status: '4.7.4', text }
}
