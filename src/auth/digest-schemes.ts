// Schemes that are one digest: salted (SSHA, SMD5 …: digest then salt, RFC 2307 style) and unsalted (weak), in base64 or hexadecimal.

import { createHash, timingSafeEqual } from 'node:crypto'

export interface DigestScheme {
  readonly algorithm: 'md5' | 'sha1' | 'sha256' | 'sha512'
  readonly length: number
  readonly salted: boolean
}

export const digestSchemes: ReadonlyMap<string, DigestScheme> = new Map([
  ['SMD5', { algorithm: 'md5', length: 16, salted: true }],
  ['SSHA', { algorithm: 'sha1', length: 20, salted: true }],
  ['SSHA256', { algorithm: 'sha256', length: 32, salted: true }],
  ['SSHA512', { algorithm: 'sha512', length: 64, salted: true }],
  ['PLAIN-MD5', { algorithm: 'md5', length: 16, salted: false }],
  ['LDAP-MD5', { algorithm: 'md5', length: 16, salted: false }],
  ['SHA', { algorithm: 'sha1', length: 20, salted: false }],
  ['SHA1', { algorithm: 'sha1', length: 20, salted: false }],
  ['SHA256', { algorithm: 'sha256', length: 32, salted: false }],
  ['SHA512', { algorithm: 'sha512', length: 64, salted: false }],
])

export interface DigestValue {
  readonly digest: Buffer
  readonly salt: Buffer
}

/** Reads the value; null if it is no base64 or hexadecimal text of the right length. The scheme can name an encoding, as in `{SSHA.HEX}`. */
export function readDigest(scheme: DigestScheme, value: string, encoding: string | null): DigestValue | null {
  for (const octets of decodings(value, encoding)) {
    const fits = scheme.salted ? octets.length > scheme.length : octets.length === scheme.length
    if (fits) return { digest: octets.subarray(0, scheme.length), salt: octets.subarray(scheme.length) }
  }
  return null
}

export function matchesDigest(scheme: DigestScheme, value: DigestValue, password: string): boolean {
  return timingSafeEqual(digestOf(scheme, password, value.salt), value.digest)
}

/** The value for a new hash, base64. */
export function writeDigest(scheme: DigestScheme, password: string, salt: Buffer): string {
  return Buffer.concat([digestOf(scheme, password, salt), salt]).toString('base64')
}

/** The digest of the password followed by the salt. */
export function digestOf(scheme: DigestScheme, password: string, salt: Buffer): Buffer {
  return createHash(scheme.algorithm).update(password, 'utf8').update(salt).digest()
}

/** Hexadecimal first: base64 has the same characters, but the two lengths of one digest always differ. */
function decodings(value: string, encoding: string | null): Buffer[] {
  const found: Buffer[] = []
  const wanted = encoding?.toUpperCase() ?? null
  const hexadecimal = /^(?:[0-9a-fA-F]{2})+$/.test(value)
  if (hexadecimal && (wanted === null || wanted === 'HEX')) found.push(Buffer.from(value, 'hex'))
  const base64 = /^[A-Za-z0-9+/]+={0,2}$/.test(value)
  if (base64 && (wanted === null || wanted === 'B64' || wanted === 'BASE64')) found.push(Buffer.from(value, 'base64'))
  return found
}
