// Whether other hosts accept the certificate of the node: its name, and the CA with which the fleet verifies.

import { X509Certificate } from 'node:crypto'
import type { TlsMaterial } from '../config/read-tls-material.ts'

const certificatePem = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g

/** Why a client that verifies names rejects the certificate under the host name; null if it does not (RFC 9525 section 6). */
export function nameMismatch(
  { certificate, more = [] }: Pick<TlsMaterial, 'certificate' | 'more'>,
  hostname: string,
): string | null {
  const leaf = new X509Certificate(certificate)
  const others = more.map((one) => new X509Certificate(one.certificate))
  // The subject does not count (RFC 9525 section 6.3).
  if ([leaf, ...others].some((one) => one.checkHost(hostname, { subject: 'never' }) !== undefined)) return null
  const names = leaf.subjectAltName?.replaceAll('DNS:', '') ?? 'no name'
  return `the certificate is for ${names}, not for ${hostname}: peers and clients that verify the name reject it`
}

/** Why fleet nodes that verify with `tls.ca` reject the certificate; null if they do not, or without a CA. */
export function caMismatch({ certificate, ca }: Pick<TlsMaterial, 'certificate' | 'ca'>): string | null {
  if (ca === null) return null
  const chain = (certificate.match(certificatePem) ?? []).map((pem) => new X509Certificate(pem))
  const authorities = (ca.match(certificatePem) ?? []).map((pem) => new X509Certificate(pem))
  const top = endOfChain(chain)
  const trusted = authorities.some((authority) => top.raw.equals(authority.raw) || isSignedBy(top, authority))
  if (trusted) return null
  const issuer = top.issuer.replaceAll('\n', ', ')
  return `the certificate is issued by ${issuer}, which is not in tls.ca: fleet nodes that verify with this CA reject it`
}

/** The first of these reasons; null for a node without a certificate. */
export function certificateMismatch(tls: TlsMaterial | null, hostname: string): string | null {
  return tls && (nameMismatch(tls, hostname) ?? caMismatch(tls))
}

/** The last certificate that is connected to the first one by signatures. */
function endOfChain([leaf, ...rest]: readonly X509Certificate[]): X509Certificate {
  if (!leaf) throw new Error('a certificate file without a certificate')
  let top = leaf
  for (const next of rest) if (isSignedBy(top, next)) top = next
  return top
}

function isSignedBy(certificate: X509Certificate, authority: X509Certificate): boolean {
  return certificate.checkIssued(authority) && certificate.verify(authority.publicKey)
}
