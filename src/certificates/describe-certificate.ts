// What a certificate of the node is for, when it ends, and the TLSA records of its key.

import { X509Certificate } from 'node:crypto'
import { tlsaDigest, tlsaLine, tlsaOwners } from './own-tlsa.ts'

export interface DescribedCertificate {
  readonly names: readonly string[]
  readonly issuer: string
  /** Unix ms. */
  readonly expiresAt: number
  /** SHA-256 of the public key, as `fingerprints` of peers have it. */
  readonly keyFingerprint: string
  /** Lines of a zone file. */
  readonly tlsa: readonly string[]
}

/** @param pem the certificate, with its chain or without. Throws if it cannot be read. */
export function describeCertificate(pem: string, ports: readonly number[]): DescribedCertificate {
  const leaf = new X509Certificate(pem)
  const names = (leaf.subjectAltName ?? '').split(', ').flatMap((one) => (one.startsWith('DNS:') ? [one.slice(4)] : []))
  const digest = tlsaDigest(pem)
  return {
    names,
    // That of a temporary certificate is empty, and Node.js gives no text then.
    issuer: (leaf.issuer ?? 'itself').replaceAll('\n', ', '),
    expiresAt: new Date(leaf.validTo).getTime(),
    keyFingerprint: digest.toString('hex'),
    tlsa: tlsaOwners(names, ports).map((owner) => tlsaLine(owner, digest)),
  }
}
