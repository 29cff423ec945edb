// The certificates that a host presented, each with its parts.

import { createHash, type X509Certificate } from 'node:crypto'
import type { TlsPeer } from '../tls-policy/tls-policy.ts'
import { type CertificateParts, readCertificateParts } from '../../x509/certificate-parts.ts'
import { digests, FULL, PUBLIC_KEY, type TlsaRecord } from './tlsa-record.ts'

export interface Presented {
  readonly certificate: X509Certificate
  readonly parts: CertificateParts
}

/** Public CAs need three or four; the rest of a longer list is ignored, because each one costs signatures. */
const MAX_PRESENTED = 10

/** In the order of the handshake, the certificate of the host first. Empty if the host presented none that can be read. */
export function presentedChain(peer: Pick<TlsPeer, 'getPeerX509Certificate'>): Presented[] {
  const chain: Presented[] = []
  let certificate = peer.getPeerX509Certificate()
  while (certificate && chain.length < MAX_PRESENTED) {
    const parts = readCertificateParts(certificate.raw)
    if (!parts) break
    chain.push({ certificate, parts })
    // Node links the certificates in the order of the handshake; whether one issued the other is checked by anchored-chain.ts.
    certificate = certificate.issuerCertificate
  }
  return chain
}

/** Whether a record is about this certificate, or about its key (RFC 6698 section 2.1). */
export function isNamedBy({ certificate, parts }: Presented, { selector, matchingType, data }: TlsaRecord): boolean {
  const selected = selector === PUBLIC_KEY ? parts.publicKey : certificate.raw
  if (matchingType === FULL) return selected.equals(data)
  const digest = digests.get(matchingType)
  return digest !== undefined && createHash(digest.hash).update(selected).digest().equals(data)
}
