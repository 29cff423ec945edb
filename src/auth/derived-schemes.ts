// PBKDF2 in dovecot's form (`$1$salt$rounds$hex`, HMAC-SHA-1) and SCRAM's stored keys (RFC 5802 3, RFC 7677) read as password hashes.

import { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from 'node:crypto'

export interface Pbkdf2Value {
  readonly salt: string
  readonly rounds: number
  readonly hash: Buffer
}

/** What a client needs to compute its key. */
export interface ScramSalt {
  readonly rounds: number
  readonly salt: Buffer
}

export interface ScramValue extends ScramSalt {
  readonly storedKey: Buffer
  readonly serverKey: Buffer
}

/** Current advice for HMAC-SHA-1, far above dovecot's 5000. */
const PBKDF2_ROUNDS = 100_000
/** RFC 7677 section 4 requires this many, dovecot writes it, and clients with little power wait for it. */
export const SCRAM_ROUNDS = 4096
export const SCRAM_SALT_OCTETS = 16
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
  const serverKey = Buffer.from(match[4] as string, 'base64')
  return storedKey.length === keyLength(algorithm) && serverKey.length === keyLength(algorithm)
    ? { rounds, salt: Buffer.from(match[2] as string, 'base64'), storedKey, serverKey }
    : null
}

/** StoredKey = H(HMAC(PBKDF2(password), "Client Key")). */
export function matchesScram(value: ScramValue, algorithm: 'sha1' | 'sha256', password: string): boolean {
  const salted = pbkdf2Sync(password.normalize('NFKC'), value.salt, value.rounds, keyLength(algorithm), algorithm)
  const clientKey = createHmac(algorithm, salted).update('Client Key').digest()
  return timingSafeEqual(createHash(algorithm).update(clientKey).digest(), value.storedKey)
}

export function hasSalt(one: ScramSalt, other: ScramSalt): boolean {
  return one.rounds === other.rounds && one.salt.equals(other.salt)
}

/** The value of a new password, as dovecot writes it. @param salt null for a new one */
export function writeScram(password: string, algorithm: 'sha1' | 'sha256', salt: ScramSalt | null): string {
  const { rounds, salt: given } = salt ?? { rounds: SCRAM_ROUNDS, salt: randomBytes(SCRAM_SALT_OCTETS) }
  // Messages between threads turn Buffers into Uint8Arrays.
  const octets = Buffer.from(given)
  const salted = pbkdf2Sync(password.normalize('NFKC'), octets, rounds, keyLength(algorithm), algorithm)
  const key = (name: string) => createHmac(algorithm, salted).update(name).digest()
  const storedKey = createHash(algorithm).update(key('Client Key')).digest()
  return [rounds, ...[octets, storedKey, key('Server Key')].map((each) => each.toString('base64'))].join(',')
}

function keyLength(algorithm: 'sha1' | 'sha256'): number {
  return algorithm === 'sha1' ? 20 : 32
}
