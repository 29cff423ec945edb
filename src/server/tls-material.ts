// Certificate, key and the authorities for client certificates, and what smtp-server needs to know of them.

import { createSecureContext, type SecureContextOptions } from 'node:tls'

export interface TlsMaterial {
  /** PEM, our certificate first, then the chain. */
  readonly certificate: string
  /** PEM without a password. */
  readonly key: string
  /** PEM of the authorities that client certificates are checked against, or null for the system's. */
  readonly ca: string | null
}

/** RFC 8996: TLS 1.0 and 1.1 must not be used; who has nothing better may stay in the clear where the listener allows it. */
const MIN_VERSION = 'TLSv1.2'

/** Options for smtp-server's contexts, replacing each of its defaults, the published test key above all. */
export function tlsOptions(material: TlsMaterial): SecureContextOptions {
  return {
    cert: material.certificate,
    key: material.key,
    ca: material.ca ?? undefined,
    minVersion: MIN_VERSION,
    honorCipherOrder: true,
    // Tickets of a session with a client certificate need a context name; it must not depend on the command line.
    sessionIdContext: 'waypost-smtp',
  }
}

/** Null if the material can be used, else why not. */
export function objectToMaterial(material: TlsMaterial): string | null {
  try {
    createSecureContext(tlsOptions(material))
    return null
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
