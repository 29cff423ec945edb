// Bounds the cost of a public key before mailauth uses it. An RSA verification takes time with the square of the modulus and in proportion
// to the length of the public exponent: a modulus of 3072 bits with an exponent of the same length takes 20 ms instead of 0.1 ms.

import { createPublicKey, type KeyObject } from 'node:crypto'
import { quietError } from '../lib/quiet-error.ts'
import { readSignatureTags } from '../message/signature-tags.ts'
import type { MailauthResolver } from './mailauth-adapter.ts'

/** RFC 8301 3.2: verifiers support keys from 1024 to 4096 bits. mailauth refuses shorter ones. */
const MAX_MODULUS_BITS = 4096
/** Exponents in use are 3, 17, 65537 and 2^32 + 1, which have at most 33 bits. */
const MAX_EXPONENT_BITS = 33
/** A SubjectPublicKeyInfo within these bounds has 550 octets; more is no key that is used, and is not parsed. */
const MAX_KEY_OCTETS = 1024

/** Keys whose verdict is kept: reading a key takes as long as half of a verification, and most mail has a key of few domains. */
const REMEMBERED_KEYS = 1000
/** Characters of a record whose verdict is kept: a key of 4096 bits has 750. Others, up to 64 KiB, would fill the memory of a thread. */
const REMEMBERED_LENGTH = 2048

export interface LimitedKeys {
  /** Rejects with EINVALIDVAL for a key outside the limits, which mailauth reports as an invalid key. */
  readonly resolver: MailauthResolver
  /** The reason why the key at this name is not used, or null. Known after its look-up. */
  readonly problemOf: (name: string) => string | null
}

export type KeyJudge = (record: string) => string | null

/** `keyProblem` with a memory; one for all messages. */
export function createKeyJudge(): KeyJudge {
  const verdicts = new Map<string, string | null>()
  return (record) => {
    const known = verdicts.get(record)
    if (known !== undefined) return known
    const problem = keyProblem(record)
    if (record.length > REMEMBERED_LENGTH) return problem
    if (verdicts.size >= REMEMBERED_KEYS) verdicts.clear()
    verdicts.set(record, problem)
    return problem
  }
}

/** The DNS for the keys of one message, without keys that are too expensive to use. */
export function limitKeys(resolver: MailauthResolver, judge: KeyJudge): LimitedKeys {
  const problems = new Map<string, string>()
  return {
    resolver: async (name, type) => {
      const records = await resolver(name, type)
      const problem = judge([records[0] ?? ''].flat().join(''))
      if (problem === null) return records
      problems.set(name.toLowerCase(), problem)
      throw quietError(problem, { code: 'EINVALIDVAL' })
    },
    problemOf: (name) => problems.get(name.toLowerCase()) ?? null,
  }
}

/** The reason why a key record (RFC 6376 3.6.1) is too expensive to use, or null. Records without a readable key are left to mailauth. */
export function keyProblem(record: string): string | null {
  const encoded = readSignatureTags(record).get('p') ?? ''
  const octets = Buffer.from(encoded, 'base64')
  if (octets.length > MAX_KEY_OCTETS) return `key of ${octets.length} octets, at most ${MAX_KEY_OCTETS} are used`
  const details = readKey(octets)?.asymmetricKeyDetails
  const { modulusLength = 0, publicExponent = 3n } = details ?? {}
  if (modulusLength > MAX_MODULUS_BITS) return `RSA key of ${modulusLength} bits, at most ${MAX_MODULUS_BITS} are used`
  const exponentBits = publicExponent.toString(2).length
  if (exponentBits > MAX_EXPONENT_BITS)
    return `RSA exponent of ${exponentBits} bits, at most ${MAX_EXPONENT_BITS} are used`
  // An even exponent has no private key, and with the exponent 1 every text is its own signature.
  return publicExponent < 3n || publicExponent % 2n === 0n ? 'RSA exponent that is even or below 3' : null
}

/** RFC 6376 3.6.1 publishes an RSAPublicKey; a SubjectPublicKeyInfo is usual. */
function readKey(key: Buffer): KeyObject | null {
  for (const type of ['spki', 'pkcs1'] as const) {
    try {
      return createPublicKey({ key, format: 'der', type })
    } catch {
      continue
    }
  }
  return null
}
