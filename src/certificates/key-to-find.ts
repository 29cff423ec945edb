// What a TLSA record is compared with: the key of a certificate, and as far as they are known the certificate and its authorities.

import { X509Certificate } from 'node:crypto'
import { publicKeyInfo } from './key-kind.ts'

export interface KeyToFind {
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Buffer
  /** DER; null for a key whose certificate does not exist yet. */
  readonly certificate: Buffer | null
  /** The certificates after it in its chain; null like `certificate`. */
  readonly authorities: readonly { readonly spki: Buffer; readonly certificate: Buffer }[] | null
  /** DNS names of the certificate, lower case. */
  readonly names: readonly string[]
}

const certificateBlock = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

/** A private key, PEM, whose certificate does not exist yet. */
export function nextKey(key: string): KeyToFind {
  return { spki: publicKeyInfo(key), certificate: null, authorities: null, names: [] }
}

/** A certificate with its chain, PEM. Throws for other text. */
export function keyOfCertificate(pem: string): KeyToFind {
  const [leaf, ...chain] = (pem.match(certificateBlock) ?? [pem]).map((one) => ({
    spki: publicKeyInfo(one),
    certificate: new X509Certificate(one).raw,
  }))
  if (!leaf) throw new Error('text without a certificate')
  return { ...leaf, authorities: chain, names: dnsNames(pem) }
}

/** The DNS names of the first certificate of a PEM text, lower case (RFC 5280 4.2.1.6). */
export function dnsNames(pem: string): readonly string[] {
  return (new X509Certificate(pem).subjectAltName ?? '')
    .toLowerCase()
    .split(', ')
    .flatMap((one) => (one.startsWith('dns:') ? [one.slice(4)] : []))
}
