// The self-signed certificate of a node that has none yet: the first order needs a node that runs, and mail hosts that do not verify can
// use TLS until then.

import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto'
import { explicit, integer, sequence, time } from '../x509/der.ts'
import { alternativeNames, pem, signedDer } from './signed-der.ts'

const DAY_MS = 86_400_000
/** Long enough to correct a first order that fails. */
const LIFE_MS = 7 * DAY_MS
/** Clocks differ. */
const BACKDATE_MS = 3_600_000

export interface TemporaryCertificate {
  /** PEM. */
  readonly certificate: string
  readonly key: string
  /** Unix milliseconds. */
  readonly expiresAt: number
}

/** @param now Unix milliseconds */
export function createTemporary(names: readonly string[], now: number): TemporaryCertificate {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  const expiresAt = now + LIFE_MS
  const der = signedDer(key, (algorithm) =>
    sequence(
      explicit(0, integer(Buffer.from([2]))),
      integer(Buffer.concat([Buffer.from([0x40]), randomBytes(8)])),
      algorithm,
      sequence(),
      sequence(time(new Date(now - BACKDATE_MS)), time(new Date(expiresAt))),
      sequence(),
      createPublicKey(createPrivateKey(key)).export({ type: 'spki', format: 'der' }),
      explicit(3, sequence(alternativeNames(names))),
    ),
  )
  return { certificate: pem('CERTIFICATE', der), key, expiresAt }
}
