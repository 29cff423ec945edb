// Which fleet node the peer of a TLS connection is, by the SHA-256 fingerprint of its certificate or of its key, which outlives renewals.

import { createHash } from 'node:crypto'
import type { TLSSocket } from 'node:tls'

/** The value that belongs to the fingerprint (lower-case hex) of the peer's certificate or key; null for an unknown peer. */
export function peerOf<T>(socket: TLSSocket, peers: ReadonlyMap<string, T>): T | null {
  const certificate = socket.getPeerX509Certificate()
  if (!certificate) return null
  const key = certificate.publicKey.export({ type: 'spki', format: 'der' })
  return peers.get(sha256(certificate.raw)) ?? peers.get(sha256(key)) ?? null
}

/** True if the peer's certificate or key is among the fingerprints. */
export function isKnown(socket: TLSSocket, fingerprints: ReadonlySet<string>): boolean {
  return peerOf(socket, new Map([...fingerprints].map((each) => [each, true]))) === true
}

function sha256(octets: Uint8Array): string {
  return createHash('sha256').update(octets).digest('hex')
}
