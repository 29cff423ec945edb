// The client's half of SCRAM-SHA-256 (RFC 5802, RFC 7677) without channel binding: the server learns that we know the password, not the
// password, and has to show that it knows it too. Pure: texts in, texts out; the nonce is passed in.

import { createHash, createHmac, pbkdf2, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import type { Credentials } from './client-profile.ts'

/** RFC 7677 4 asks for 4096 at least; fewer would make a stolen verifier cheap to guess. */
const LEAST_ITERATIONS = 4096
/** A server that asks for more wants to keep us busy: this many take about half a second. */
const MOST_ITERATIONS = 1_000_000

/** No channel binding, and the client knows of none: `n,,` in base64. */
const GS2_HEADER = 'n,,'
const derive = promisify(pbkdf2)

const CHANNEL_BINDING = Buffer.from(GS2_HEADER).toString('base64')

export type ScramReply =
  | { readonly kind: 'final'; readonly message: string /** What the server has to send. */; readonly expected: string }
  | { readonly kind: 'bad'; readonly cause: string }

/** The client's first message. */
export function scramFirst(user: string, nonce: string): string {
  return `${GS2_HEADER}${firstBare(user, nonce)}`
}

/** The answer to the server's first message. */
export async function scramFinal(credentials: Credentials, nonce: string, serverFirst: string): Promise<ScramReply> {
  const { r = '', s = '', i = '' } = attributes(serverFirst)
  if (!r.startsWith(nonce) || r.length === nonce.length) return bad("the server's nonce does not go on from ours")
  const iterations = /^\d{1,7}$/.test(i) ? Number(i) : 0
  if (iterations < LEAST_ITERATIONS || iterations > MOST_ITERATIONS) return bad(`${i || 'no'} iterations`)
  if (s === '') return bad('no salt')
  const salted = await derive(
    credentials.password.normalize('NFKC'),
    Buffer.from(s, 'base64'),
    iterations,
    32,
    'sha256',
  )
  const clientKey = hmac(salted, 'Client Key')
  const storedKey = createHash('sha256').update(clientKey).digest()
  const withoutProof = `c=${CHANNEL_BINDING},r=${r}`
  const auth = `${firstBare(credentials.user, nonce)},${serverFirst},${withoutProof}`
  const signature = hmac(storedKey, auth)
  const proof = Buffer.from(clientKey.map((octet, at) => octet ^ (signature[at] as number))).toString('base64')
  const expected = hmac(hmac(salted, 'Server Key'), auth).toString('base64')
  return { kind: 'final', message: `${withoutProof},p=${proof}`, expected }
}

/** Did the server show that it knows the password? */
export function isServerProven(serverFinal: string, expected: string): boolean {
  const given = Buffer.from(attributes(serverFinal).v ?? '')
  const wanted = Buffer.from(expected)
  return given.length === wanted.length && timingSafeEqual(given, wanted)
}

function firstBare(user: string, nonce: string): string {
  return `n=${user.normalize('NFKC').replaceAll('=', '=3D').replaceAll(',', '=2C')},r=${nonce}`
}

function attributes(message: string): Record<string, string> {
  return Object.fromEntries(message.split(',').map((part) => [part.slice(0, 1), part.slice(2)]))
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}

function bad(cause: string): ScramReply {
  return { kind: 'bad', cause }
}
