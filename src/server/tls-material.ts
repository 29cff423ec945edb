// The certificate and key of a listener, and the TLS options that smtp-server gets.

import type { SecureContextOptions } from 'node:tls'

export interface CertificatePair {
  /** PEM: the node's certificate, then the chain. */
  readonly certificate: string
  /** PEM without a password. */
  readonly key: string
}

export interface TlsMaterial extends CertificatePair {
  /** Certificates for other names, or with another type of key. */
  readonly more?: readonly CertificatePair[]
  /** PEM of the authorities for client certificates; null for those of the system. */
  readonly ca: string | null
  /** PEM of further ones; some clients offer no certificate of an authority that the server does not name (RFC 8446 4.2.4). */
  readonly clientCa?: string
}

/** RFC 8996 forbids TLS 1.0 and 1.1. An older client can send in cleartext where the listener allows it. */
const MIN_VERSION = 'TLSv1.2'

/** Options for a context with these certificates. They replace all defaults of smtp-server, among them a published test key. */
export function tlsOptions(
  { ca, clientCa }: Pick<TlsMaterial, 'ca' | 'clientCa'>,
  pairs: readonly CertificatePair[],
): SecureContextOptions {
  return {
    cert: pairs.map(({ certificate }) => certificate),
    key: pairs.map(({ key }) => key),
    ca: clientCa === undefined ? (ca ?? undefined) : [...(ca === null ? [] : [ca]), clientCa],
    minVersion: MIN_VERSION,
    honorCipherOrder: true,
    // Session tickets with a client certificate need a context name. Node's default depends on the command line.
    sessionIdContext: 'waypost-smtp',
  }
}
