// A signing key and its stage. A key signs only in the stage `active`.

import { createHash, type KeyObject, sign as signWith } from 'node:crypto'
import { promisify } from 'node:util'

/** generated: not yet in the DNS. published: in the DNS, but negative answers may still be cached. active: signs. retired: stays in the DNS for messages in transit. */
export const keyStages = ['generated', 'published', 'active', 'retired'] as const
export type KeyStage = (typeof keyStages)[number]

export type DkimAlgorithm = 'rsa-sha256' | 'ed25519-sha256'

export interface DkimKey {
  readonly domain: string
  readonly selector: string
  readonly algorithm: DkimAlgorithm
  /** Parsed once, because parsing costs more than an ed25519 signature. */
  readonly privateKey: KeyObject
  readonly stage: KeyStage
  /** Start of this stage, unix milliseconds; null for a key without a state file. */
  readonly since: number | null
  readonly file: string
}

const signInPool = promisify(signWith)

/**
 * The signature by the algorithm of the key (RFC 6376 3.3, RFC 8463 3). RSA is signed in the thread pool (a third of a millisecond each);
 * an ed25519 signature costs less than the transfer to the pool.
 */
export async function signOctets(key: DkimKey, octets: Buffer): Promise<Buffer> {
  if (key.algorithm === 'rsa-sha256') return signInPool('sha256', octets, key.privateKey)
  // RFC 8463 3: PureEdDSA over the SHA-256 of the octets.
  return signWith(null, createHash('sha256').update(octets).digest(), key.privateKey)
}
