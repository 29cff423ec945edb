// The certificate and key of a listener, and the TLS options that smtp-server gets.

import { createSecureContext, type SecureContextOptions } from 'node:tls'

export interface TlsMaterial {
  /** PEM: the node's certificate, then the chain. */
  readonly certificate: string
  /** PEM without a password. */
  readonly key: string
  /** PEM of the authorities for client certificates; null for those of the system. */
  readonly ca: string | null
}

/** RFC 8996 forbids TLS 1.0 and 1.1. An older client can send in cleartext where the listener allows it. */
const MIN_VERSION = 'TLSv1.2'

/** Options for smtp-server's contexts. They replace all of its defaults, among them a published test key. */
export function tlsOptions(material: TlsMaterial): SecureContextOptions {
  return {
    cert: material.certificate,
    key: material.key,
    ca: material.ca ?? undefined,
    minVersion: MIN_VERSION,
    honorCipherOrder: true,
    // Session tickets with a client certificate need a context name. Node's default depends on the command line.
    sessionIdContext: 'waypost-smtp',
  }
}

/** Null if certificate and key can be used, else the reason why they cannot. */
export function materialProblem(material: TlsMaterial): string | null {
  try {
    createSecureContext(tlsOptions(material))
    return null
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
