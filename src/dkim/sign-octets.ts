// The signature itself, by the algorithm of the key (RFC 6376 3.3, RFC 8463 3).

import { createHash, sign as signWith } from 'node:crypto'
import { promisify } from 'node:util'
import type { DkimKey } from './key.ts'

const signInPool = promisify(signWith)

/** RSA goes to the thread pool (a third of a millisecond each); ed25519 costs less than the way there. */
export async function signOctets(key: DkimKey, octets: Buffer): Promise<Buffer> {
  if (key.algorithm === 'rsa-sha256') return signInPool('sha256', octets, key.privateKey)
  // RFC 8463 3: PureEdDSA over the SHA-256 of the octets.
  return signWith(null, createHash('sha256').update(octets).digest(), key.privateKey)
}
