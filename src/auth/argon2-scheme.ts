// Argon2 (RFC 9106) in the PHC form `$argon2id$v=19$m=…,t=…,p=…$salt$hash`. Synchronous: it runs in the password workers.

import { argon2Sync, timingSafeEqual } from 'node:crypto'

export interface Argon2Value {
  readonly algorithm: 'argon2i' | 'argon2id' | 'argon2d'
  /** KiB. */
  readonly memory: number
  readonly passes: number
  readonly parallelism: number
  readonly salt: Buffer
  readonly hash: Buffer
}

/** OWASP's recommendation for interactive logins: 19 MiB, two passes. */
const ARGON2_MEMORY = 19 * 1024
const ARGON2_PASSES = 2
const HASH_OCTETS = 32
/** Upper bounds of a hash, which would otherwise block the node: 1 GiB, 64 passes, 16 lanes. */
const MOST_MEMORY = 1024 * 1024
const MOST_PASSES = 64
const MOST_LANES = 16

const form =
  /^\$(argon2id|argon2i|argon2d)\$v=19\$m=(\d{1,8}),t=(\d{1,4}),p=(\d{1,3})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{6,172})$/

/** Reads a hash; null if it is malformed or out of bounds. */
export function readArgon2(text: string): Argon2Value | null {
  const match = form.exec(text)
  if (!match) return null
  const [memory, passes, parallelism] = [Number(match[2]), Number(match[3]), Number(match[4])]
  if (memory > MOST_MEMORY || passes > MOST_PASSES || parallelism > MOST_LANES) return null
  if (passes < 1 || parallelism < 1 || memory < 8 * parallelism) return null
  const salt = Buffer.from(match[5] as string, 'base64')
  const hash = Buffer.from(match[6] as string, 'base64')
  return { algorithm: match[1] as Argon2Value['algorithm'], memory, passes, parallelism, salt, hash }
}

export function matchesArgon2(value: Argon2Value, password: string): boolean {
  return timingSafeEqual(derive(value, password, value.hash.length), value.hash)
}

/** A new hash. */
export function writeArgon2(algorithm: 'argon2i' | 'argon2id', password: string, salt: Buffer): string {
  const parameters = { algorithm, memory: ARGON2_MEMORY, passes: ARGON2_PASSES, parallelism: 1, salt }
  const hash = derive(parameters, password, HASH_OCTETS)
  return `$${algorithm}$v=19$m=${ARGON2_MEMORY},t=${ARGON2_PASSES},p=1$${unpadded(salt)}$${unpadded(hash)}`
}

function derive(value: Omit<Argon2Value, 'hash'>, password: string, octets: number): Buffer {
  return argon2Sync(value.algorithm, {
    message: Buffer.from(password, 'utf8'),
    nonce: value.salt,
    parallelism: value.parallelism,
    tagLength: octets,
    memory: value.memory,
    passes: value.passes,
  })
}

function unpadded(octets: Buffer): string {
  return octets.toString('base64').replace(/=+$/, '')
}
