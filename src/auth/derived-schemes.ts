// PBKDF2 in dovecot's form (`$1$salt$rounds$hex`, HMAC-SHA-1) and SCRAM's stored keys (RFC 5802 3, RFC 7677) read as password hashes.

import { createHash, createHmac, pbkdf2Sync, timingSafeEqual } from 'node:crypto'

export interface Pbkdf2Value {
  readonly salt: string
  readonly rounds: number
  readonly hash: Buffer
}

export interface ScramValue {
  readonly rounds: number
  readonly salt: Buffer
  readonly storedKey: Buffer
}

/** Current advice for HMAC-SHA-1, far above dovecot's 5000. */
const PBKDF2_ROUNDS = 100_000
/** Upper bound, some seconds of work: a higher number is a mistake or an attack. */
const MOST_ROUNDS = 10_000_000
const pbkdf2Form = /^\$1\$([^$]{1,64})\$(\d{1,8})\$([0-9a-fA-F]{40})$/
const scramForm = /^(\d{1,8}),([A-Za-z0-9+/]+=*),([A-Za-z0-9+/]+=*),([A-Za-z0-9+/]+=*)$/

export function readPbkdf2(text: string): Pbkdf2Value | null {
  const match = pbkdf2Form.exec(text)
  const rounds = Number(match?.[2])
  if (!match || rounds < 1 || rounds > MOST_ROUNDS) return null
  return { salt: match[1] as string, rounds, hash: Buffer.from(match[3] as string, 'hex') }
}

export function matchesPbkdf2(value: Pbkdf2Value, password: string): boolean {
  return timingSafeEqual(pbkdf2Sync(password, value.salt, value.rounds, value.hash.length, 'sha1'), value.hash)
}

export function writePbkdf2(password: string, salt: string): string {
  return `$1$${salt}$${PBKDF2_ROUNDS}$${pbkdf2Sync(password, salt, PBKDF2_ROUNDS, 20, 'sha1').toString('hex')}`
}

export function readScram(text: string, algorithm: 'sha1' | 'sha256'): ScramValue | null {
  const match = scramForm.exec(text)
  const rounds = Number(match?.[1])
  if (!match || rounds < 1 || rounds > MOST_ROUNDS) return null
  const storedKey = Buffer.from(match[3] as string, 'base64')
  return storedKey.length === keyLength(algorithm)
    ? { rounds, salt: Buffer.from(match[2] as string, 'base64'), storedKey }
    : null
}

/** StoredKey = H(HMAC(PBKDF2(password), "Client Key")). */
export function matchesScram(value: ScramValue, algorithm: 'sha1' | 'sha256', password: string): boolean {
  const salted = pbkdf2Sync(password.normalize('NFKC'), value.salt, value.rounds, keyLength(algorithm), algorithm)
  const clientKey = createHmac(algorithm, salted).update('Client Key').digest()
  return timingSafeEqual(createHash(algorithm).update(clientKey).digest(), value.storedKey)
}

function keyLength(algorithm: 'sha1' | 'sha256'): number {
  return algorithm === 'sha1' ? 20 : 32
}
