// Signs header fields with tags as a test writes them, valid or not, so that a refusal of the tags is not a refusal of the signature.

import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'

export const handMadeKey = generateKeyPairSync('rsa', { modulusLength: 2048 })

/** The p= value of a key record. */
export function keyText(key: KeyObject): string {
  return key.export({ type: 'spki', format: 'der' }).toString('base64')
}

/** bh= of a body with one CRLF at its end and no white space to reduce. */
export function bodyHash(body: string): string {
  return createHash('sha256').update(body).digest('base64')
}

/** `Name: value` with the base64 signature after its last tag `b=`, over the given fields and itself in relaxed form (RFC 6376 3.4.2). */
export function signField(field: string, over: readonly string[], privateKey = handMadeKey.privateKey): string {
  const text = [...over.map((one) => `${relaxed(one)}\r\n`), relaxed(field)].join('')
  // RFC 8463 section 3: Ed25519 signs the hash.
  const isEd25519 = privateKey.asymmetricKeyType === 'ed25519'
  const signature = isEd25519
    ? sign(null, createHash('sha256').update(text).digest(), privateKey)
    : sign('sha256', Buffer.from(text), privateKey)
  return `${field}${signature.toString('base64')}\r\n`
}

function relaxed(field: string): string {
  const colon = field.indexOf(':')
  const value = field
    .slice(colon + 1)
    .replace(/\r\n/g, '')
    .replace(/[ \t]+/g, ' ')
    .trim()
  return `${field.slice(0, colon).toLowerCase()}:${value}`
}
