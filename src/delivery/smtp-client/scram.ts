// The client side of SCRAM-SHA-256 (RFC 5802, RFC 7677) without channel binding: client and server prove to each other that they know the
// password, and neither sends it. Pure: texts in, texts out; the nonce is passed in.

import { createHash, createHmac, pbkdf2, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import type { PasswordCredentials } from './client-profile.ts'

/** RFC 7677 section 4. Fewer would make it cheap to guess the password from a stolen verifier. */
const MIN_ITERATIONS = 4096
/** Bounds the work of the client: this many take about half a second. */
const MAX_ITERATIONS = 1_000_000

/** RFC 5802 section 7: the client does not support channel binding. */
const GS2_HEADER = 'n,,'
const derive = promisify(pbkdf2)

const CHANNEL_BINDING = Buffer.from(GS2_HEADER).toString('base64')

export type ScramReply =
  | {
      readonly kind: 'final'
      readonly message: string /** The proof that the server has to send. */
      readonly expected: string
    }
  | { readonly kind: 'invalid'; readonly cause: string }

/** The client's first message. */
export function scramFirst(user: string, nonce: string): string {
  return `${GS2_HEADER}${firstBare(user, nonce)}`
}

/** The client's second message, from the server's first one. */
export async function scramFinal(
  credentials: Omit<PasswordCredentials, 'kind'>,
  nonce: string,
  serverFirst: string,
): Promise<ScramReply> {
  const { r = '', s = '', i = '' } = attributes(serverFirst)
  if (!r.startsWith(nonce) || r.length === nonce.length)
    return invalid("the server's nonce does not start with the client's")
  const iterations = /^\d{1,7}$/.test(i) ? Number(i) : 0
  if (iterations < MIN_ITERATIONS || iterations > MAX_ITERATIONS) return invalid(`${i || 'no'} iterations`)
  if (s === '') return invalid('no salt')
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

/** True if the server proved that it knows the password. */
export function isServerProven(serverFinal: string, expected: string): boolean {
  const given = Buffer.from(attributes(serverFinal).v ?? '')
  const proof = Buffer.from(expected)
  return given.length === proof.length && timingSafeEqual(given, proof)
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

function invalid(cause: string): ScramReply {
  return { kind: 'invalid', cause }
}
