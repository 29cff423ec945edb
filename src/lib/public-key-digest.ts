// The SHA-256 of a public key in DER (SubjectPublicKeyInfo). It identifies a node over renewals of its certificate.

import { createHash, X509Certificate } from 'node:crypto'

/**
 * @param pem a certificate; of a chain, the first one counts
 * @returns lower-case hexadecimal. Throws if the text is not a certificate.
 */
export function publicKeyDigest(pem: string | Buffer): string {
  const key = new X509Certificate(pem).publicKey.export({ type: 'spki', format: 'der' })
  return createHash('sha256').update(key).digest('hex')
}
