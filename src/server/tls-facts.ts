// Reads the facts of a TLS session after its handshake (RFC 8446, RFC 5246): version, cipher and client certificate.

import { createHash, type X509Certificate } from 'node:crypto'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { ClientCertificate, TlsFacts } from '../smtp/session.ts'

/** Characters kept of a subject: a certificate can have a hundred thousand, and refusals go to ledger and log. */
const MAX_SUBJECT = 256

export function tlsFacts(socket: TLSSocket): TlsFacts {
  const certificate = socket.getPeerX509Certificate()
  return {
    version: socket.getProtocol() ?? 'unknown',
    cipher: socket.getCipher()?.name ?? 'unknown',
    certificate: certificate ? certificateFacts(certificate) : null,
  }
}

/** RFC 9266 section 2. */
const EXPORTER_LABEL = 'EXPORTER-Channel-Binding'
const EXPORTER_OCTETS = 32

/** tls-exporter. Before TLS 1.3 the secret is unique only with an extension that Node does not show (RFC 9266 4.2). */
export function channelBinding(socket: Socket): Buffer | null {
  if (!(socket instanceof TLSSocket) || socket.getProtocol() !== 'TLSv1.3') return null
  return socket.exportKeyingMaterial(EXPORTER_OCTETS, EXPORTER_LABEL, Buffer.alloc(0))
}

/** Subject and fingerprints: of the certificate, and of its public key, which stays the same over renewals. */
function certificateFacts(certificate: X509Certificate): ClientCertificate {
  const key = certificate.publicKey.export({ type: 'spki', format: 'der' })
  return {
    subject: subjectOf(certificate).replaceAll('\n', ', ').slice(0, MAX_SUBJECT).toWellFormed(),
    fingerprint: sha256(certificate.raw),
    keyFingerprint: sha256(key),
    der: certificate.raw,
  }
}

/** Public CAs issue certificates with an empty subject (RFC 5280 4.1.2.6). Node then has no subject, although its types promise one. */
function subjectOf(certificate: { readonly subject?: string; readonly subjectAltName?: string | undefined }): string {
  return certificate.subject ?? certificate.subjectAltName ?? 'a certificate without names'
}

function sha256(octets: Uint8Array): string {
  return createHash('sha256').update(octets).digest('hex')
}
