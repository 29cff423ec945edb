// The cryptography of SCRAM-SHA-256 on the side of the server (RFC 5802 3, RFC 7677): which stored key a proof belongs to.

import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { ScramValue } from './derived-schemes.ts'

const KEY_OCTETS = 32

/** The position of the key whose owner made the proof; null if none did. Every key costs the same work. */
export function findProver(
  keys: readonly Pick<ScramValue, 'storedKey'>[],
  proof: Buffer,
  message: string,
): number | null {
  if (proof.length !== KEY_OCTETS) return null
  const matches = keys.map(({ storedKey }) => {
    const signature = hmac(storedKey, message)
    // ClientKey = ClientProof XOR ClientSignature; its hash is the stored key.
    const clientKey = proof.map((octet, at) => octet ^ (signature[at] ?? 0))
    return timingSafeEqual(createHash('sha256').update(clientKey).digest(), storedKey)
  })
  const found = matches.indexOf(true)
  return found < 0 ? null : found
}

/** The last message of the server, by which it proves that it knows the key. */
export function serverFinal({ serverKey }: Pick<ScramValue, 'serverKey'>, message: string): string {
  return `v=${hmac(serverKey, message).toString('base64')}`
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}
