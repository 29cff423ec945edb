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
    certificate: certificate ? certificateFacts(certificate, socket.authorized) : null,
  }
}

/** Subject and fingerprints: of the certificate, and of its public key, which outlives renewals. */
function certificateFacts(certificate: X509Certificate, chainValid: boolean): ClientCertificate {
  const key = certificate.publicKey.export({ type: 'spki', format: 'der' })
  return {
    subject: certificate.subject.replaceAll('\n', ', ').slice(0, MOST_SUBJECT).toWellFormed(),
    fingerprint: sha256(certificate.raw),
    keyFingerprint: sha256(key),
    chainValid,
  }
}

function sha256(octets: Uint8Array): string {
  return createHash('sha256').update(octets).digest('hex')
}
