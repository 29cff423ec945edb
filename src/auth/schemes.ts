// Verifies passwords and creates hashes. The work blocks the thread for milliseconds to seconds, so only the workers of password-pool.ts
// call these functions.

import { randomBytes, timingSafeEqual } from 'node:crypto'
import { compareSync, hashSync } from 'bcryptjs'
import { matchesArgon2, writeArgon2 } from './argon2-scheme.ts'
import { matchesPbkdf2, matchesScram, type ScramSalt, writePbkdf2, writeScram } from './derived-schemes.ts'
import { digestSchemes, matchesDigest, writeDigest } from './digest-schemes.ts'
import { md5Crypt } from './md5-crypt.ts'
import { matchesShaCrypt, writeShaCrypt } from './sha-crypt.ts'
import type { StoredPassword } from './stored-password.ts'

/** Schemes of new hashes; the first one is the default. */
export const hashableSchemes = [
  'ARGON2ID',
  'BLF-CRYPT',
  'SHA512-CRYPT',
  'SHA256-CRYPT',
  'PBKDF2',
  'ARGON2I',
  'SSHA512',
  'SSHA256',
  'SSHA',
  'SMD5',
  'MD5-CRYPT',
  'SCRAM-SHA-256',
] as const

export type HashableScheme = (typeof hashableSchemes)[number]

/** About 250 ms of work. */
const BCRYPT_COST = 12
const SALT_OCTETS = 16

/** True if the password matches. Never throws for a result of `readStored`. */
export function matches(stored: StoredPassword, password: string): boolean {
  switch (stored.kind) {
    case 'bcrypt':
      return compareSync(password, stored.hash)
    case 'md5-crypt':
      return equal(md5Crypt(password, stored.salt), stored.hash)
    case 'sha-crypt':
      return matchesShaCrypt(stored.hash, password)
    case 'argon2':
      return matchesArgon2(stored.value, password)
    case 'pbkdf2':
      return matchesPbkdf2(stored.value, password)
    case 'scram':
      return matchesScram(stored.value, stored.algorithm, password)
    case 'digest':
      return matchesDigest(stored.digest, stored.value, password)
    case 'plain':
      return equal(stored.password, password)
  }
}

/** `{SCHEME}hash` of a new password with a fresh salt. @param scramSalt for new SCRAM keys; null for a fresh one */
export function hashPassword(scheme: HashableScheme, password: string, scramSalt: ScramSalt | null = null): string {
  return `{${scheme}}${hashValue(scheme, password, scramSalt)}`
}

function hashValue(scheme: HashableScheme, password: string, scramSalt: ScramSalt | null): string {
  const salt = randomBytes(SALT_OCTETS)
  // Hexadecimal digits are valid in every crypt(3) salt.
  const cryptSalt = salt.toString('hex').slice(0, 16)
  switch (scheme) {
    case 'ARGON2ID':
      return writeArgon2('argon2id', password, salt)
    case 'ARGON2I':
      return writeArgon2('argon2i', password, salt)
    case 'BLF-CRYPT':
      return hashSync(password, BCRYPT_COST).replace(/^\$2[ab]\$/, '$2y$')
    case 'SHA512-CRYPT':
      return writeShaCrypt('6', password, cryptSalt)
    case 'SHA256-CRYPT':
      return writeShaCrypt('5', password, cryptSalt)
    case 'MD5-CRYPT':
      return md5Crypt(password, cryptSalt.slice(0, 8))
    case 'SCRAM-SHA-256':
      return writeScram(password, 'sha256', scramSalt)
    case 'PBKDF2':
      return writePbkdf2(password, cryptSalt)
    default:
      return writeDigest(digestOf(scheme), password, salt)
  }
}

function digestOf(scheme: string): NonNullable<ReturnType<typeof digestSchemes.get>> {
  const digest = digestSchemes.get(scheme)
  if (!digest) throw new Error(`no way to make a hash of ${scheme}`)
  return digest
}

function equal(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)]
  return a.length === b.length && timingSafeEqual(a, b)
}
