// Names the use of a password by a digest with a random key, so that uses can be compared and kept in memory without the password.

import { createHmac, hash, randomBytes } from 'node:crypto'
import type { StoredPassword } from './stored-password.ts'

export interface PasswordUse {
  /** In the form of `identityOf`. */
  readonly account: string
  readonly stored: StoredPassword
  readonly password: string
}

export interface UseDigest {
  /** Of the stored password: different for different ones. */
  readonly fingerprint: string
  /** HMAC-SHA-256 of the whole use: `DIGEST_OCTETS` octets. */
  readonly digest: Buffer
}

export const DIGEST_OCTETS = 32
const KEY_OCTETS = 32

/** Each result has another key. */
export function createPasswordDigest(): (use: PasswordUse) => UseDigest {
  const key = randomBytes(KEY_OCTETS)
  return ({ account, stored, password }) => {
    const fingerprint = hash('sha256', JSON.stringify(stored), 'base64')
    // JSON keeps the three parts apart.
    const text = JSON.stringify([account, fingerprint, password])
    return { fingerprint, digest: createHmac('sha256', key).update(text).digest() }
  }
}
