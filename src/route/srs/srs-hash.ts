// The hash of an SRS address: HMAC-SHA1 over the lower-cased parts, truncated, as base64. With so few characters, the comparison takes
// constant time. It ignores case and accepts both base64 alphabets, because relays change both.

import { createHmac, timingSafeEqual } from 'node:crypto'

export interface SrsHashSettings {
  /** At least one. The first one signs, all verify. */
  readonly secrets: readonly string[]
  /** Characters in new addresses; default 4, at most 27. */
  readonly hashLength?: number
  /** Shortest hash that is accepted; default `hashLength`. After raising the length, keep the old value here until old addresses expire. */
  readonly hashMinimum?: number
  /** `base64url` (default) uses `-` and `_`; `base64` uses `+` and `/`, which some receivers refuse. */
  readonly alphabet?: 'base64url' | 'base64'
}

/** The length in all implementations; about 21 bits without case. */
const DEFAULT_HASH_LENGTH = 4
/** Base64 characters in a SHA-1 digest without padding. */
const MAX_HASH_LENGTH = 27

/** The hash for these parts by the first secret. */
export function srsHash(parts: readonly string[], settings: SrsHashSettings): string {
  const [secret] = settings.secrets
  if (secret === undefined) throw new RangeError('SRS needs a secret')
  const whole = digest(parts, secret, settings.alphabet ?? 'base64url')
  return whole.slice(0, settings.hashLength ?? DEFAULT_HASH_LENGTH)
}

/** True if any of the secrets gives this hash, regardless of case and alphabet. */
export function verifySrsHash(hash: string, parts: readonly string[], settings: SrsHashSettings): boolean {
  const minimum = settings.hashMinimum ?? settings.hashLength ?? DEFAULT_HASH_LENGTH
  if (hash.length < minimum || hash.length > MAX_HASH_LENGTH) return false
  const given = Buffer.from(fold(hash))
  let valid = false
  for (const secret of settings.secrets) {
    const expected = Buffer.from(fold(digest(parts, secret, 'base64url').slice(0, hash.length)))
    if (expected.length === given.length && timingSafeEqual(expected, given)) valid = true
  }
  return valid
}

function digest(parts: readonly string[], secret: string, alphabet: 'base64url' | 'base64'): string {
  const hmac = createHmac('sha1', secret)
  for (const part of parts) hmac.update(lowerAscii(part))
  return hmac.digest(alphabet).replace(/=+$/, '')
}

function fold(hash: string): string {
  return lowerAscii(hash).replaceAll('+', '-').replaceAll('/', '_')
}

/** ASCII only, as in the other implementations: Unicode rules would give other hashes. */
function lowerAscii(text: string): string {
  return text.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase())
}
