// The hash of an SRS address: HMAC-SHA1 over the lower-cased parts, truncated, as base64. With so few characters, the comparison takes
// constant time. It ignores case and accepts both base64 alphabets, because relays change both.

import { createHmac, timingSafeEqual } from 'node:crypto'
import { LOCAL_PART_OCTETS } from '../../smtp/address-limits.ts'

export interface SrsHashSettings {
  /** At least one. The first one signs, all verify. */
  readonly secrets: readonly string[]
  /** Characters in new addresses that have the space; default 4, at most 27. */
  readonly hashLength?: number
  /** Shortest hash that is accepted; default: the length that new addresses have. */
  readonly hashMinimum?: number
  /** Accepts shorter hashes, those of an earlier length, for a time. */
  readonly shortHashes?: ShortHashes
  /** `base64url` (default) uses `-` and `_`; `base64` uses `+` and `/`, which some receivers refuse. */
  readonly alphabet?: 'base64url' | 'base64'
}

export interface ShortHashes {
  readonly minimum: number
  /** Unix milliseconds. */
  readonly until: number
}

/** The length in all implementations; about 21 bits without case. */
const DEFAULT_HASH_LENGTH = 4
/**
 * A longer hash gives way to a long sender down to this length, some 30 bits: with the budget of guesses a hit takes decades. A sender that
 * needs more space gets a token, as a stranger can choose the sender whose hash to guess.
 */
const SHORTEST_TO_FIT = 6
/** Base64 characters in a SHA-1 digest without padding. */
const MAX_HASH_LENGTH = 27

/** The length of the hash in a local part that has so many octets without it. What does not fit then is too long for SRS. */
export function hashLengthFor(octets: number, { hashLength = DEFAULT_HASH_LENGTH }: SrsHashSettings): number {
  return Math.max(Math.min(hashLength, SHORTEST_TO_FIT), Math.min(hashLength, LOCAL_PART_OCTETS - octets))
}

/** The shortest hash that is accepted in such a local part, at unix milliseconds. */
export function shortestAccepted(octets: number, at: number, settings: SrsHashSettings): number {
  const { hashMinimum, shortHashes } = settings
  const written = hashLengthFor(octets, settings)
  if (hashMinimum !== undefined) return Math.min(hashMinimum, written)
  return shortHashes && at <= shortHashes.until ? Math.min(shortHashes.minimum, written) : written
}

/** The hash of this length for these parts by the first secret. */
export function srsHash(parts: readonly string[], length: number, settings: SrsHashSettings): string {
  const [secret] = settings.secrets
  if (secret === undefined) throw new RangeError('SRS needs a secret')
  const whole = digest(parts, secret, settings.alphabet ?? 'base64url')
  return whole.slice(0, length)
}

/** True if the hash has at least `minimum` characters and any of the secrets gives it, regardless of case and alphabet. */
export function verifySrsHash(
  hash: string,
  parts: readonly string[],
  { minimum, secrets }: { readonly minimum: number; readonly secrets: readonly string[] },
): boolean {
  if (hash.length < minimum || hash.length > MAX_HASH_LENGTH) return false
  const given = Buffer.from(fold(hash))
  let valid = false
  for (const secret of secrets) {
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
