// What is known of a TLS session once its handshake is done (RFC 8446, RFC 5246): version, cipher and the client's certificate.

import { createHash, type X509Certificate } from 'node:crypto'
import type { TLSSocket } from 'node:tls'
import type { ClientCertificate, TlsFacts } from '../smtp/session.ts'

/** Characters kept of a subject: a stranger may write a hundred thousand, and refusals go into ledger and log. */
const MOST_SUBJECT = 256

/** Reads the facts from a socket whose handshake is done. */
export function tlsFacts(socket: TLSSocket): TlsFacts {
  const certificate = socket.getPeerX509Certificate()
  return {
    version: socket.getProtocol() ?? 'unknown',
    cipher: socket.getCipher()?.name ?? 'unknown',
    certificate: certificate ? certificateFacts(certificate) : null,
  }
}

/** Subject and fingerprints: of the certificate, and of its public key, which outlives renewals. */
function certificateFacts(certificate: X509Certificate): ClientCertificate {
  const key = certificate.publicKey.export({ type: 'spki', format: 'der' })
  return {
    subject: subjectOf(certificate).replaceAll('\n', ', ').slice(0, MOST_SUBJECT).toWellFormed(),
    fingerprint: sha256(certificate.raw),
    keyFingerprint: sha256(key),
  }
}

/** Public authorities have begun to leave the subject empty (RFC 5280 4.1.2.6); Node then has none, whatever its types say. */
function subjectOf(certificate: { readonly subject?: string; readonly subjectAltName?: string | undefined }): string {
  return certificate.subject ?? certificate.subjectAltName ?? 'a certificate without names'
}

function sha256(octets: Uint8Array): string {
  return createHash('sha256').update(octets).digest('hex')
}
