// Checks whether the peer of a TLS connection is a fleet node, by the SHA-256 fingerprint of its certificate or of its key, which outlives
// renewals.

import { createHash } from 'node:crypto'
import type { TLSSocket } from 'node:tls'

/** True if the peer's certificate or key is among the fingerprints (lower-case hex). */
export function isKnown(socket: TLSSocket, fingerprints: ReadonlySet<string>): boolean {
  const certificate = socket.getPeerX509Certificate()
  if (!certificate) return false
  const key = certificate.publicKey.export({ type: 'spki', format: 'der' })
  return fingerprints.has(sha256(certificate.raw)) || fingerprints.has(sha256(key))
}

function sha256(octets: Uint8Array): string {
  return createHash('sha256').update(octets).digest('hex')
}
