// TLS contexts of the SMTP client. They follow the node's certificate: a renewed one is used from the next connection, without a restart.

import { createSecureContext } from 'node:tls'
import type { SecureContextOptions, SecureVersion } from 'node:tls'
import type { Current } from '../../lib/current.ts'
import type { TlsContexts } from './tls-policy.ts'

/** Certificate and key, PEM. */
export interface ClientCertificate {
  readonly certificate: string
  readonly key: string
}

/** The certificate of this node, with the CA of the fleet (PEM); null for the public CAs. */
export interface NodeCertificate extends ClientCertificate {
  readonly ca: string | null
}

export interface TlsOptions {
  /** RFC 8996 forbids versions before 1.2. */
  readonly minVersion: SecureVersion
  /** An OpenSSL list; undefined for that of Node.js. */
  readonly ciphers: string | undefined
  /** What stands for the public CAs, PEM; null for those of Node.js. */
  readonly publicCa: string | null
}

export interface DestinationTls extends TlsOptions {
  /** The certificate to present; null for that of this node. */
  readonly shown: ClientCertificate | null
  /** The CAs that verify the destination, PEM; null for the public CAs. */
  readonly ca: string | null
}

/** For all hosts without a rule. The node presents its certificate only to verified hosts, and its CA verifies them: fleet nodes. */
export function generalContexts(certificate: Current<NodeCertificate | null>, options: TlsOptions): TlsContexts {
  return followCertificate(certificate, (own) => ({
    opportunistic: createContext(null, options),
    verified: createContext(own, { ...options, ca: own?.ca }),
    public: createContext(null, { ...options, ca: options.publicCa }),
  }))
}

/** For one destination. The CA of the fleet does not verify it: that CA vouches for fleet nodes only. */
export function destinationContexts(
  certificate: Current<NodeCertificate | null>,
  { shown, ca, ...options }: DestinationTls,
): TlsContexts {
  return followCertificate(certificate, (own) => ({
    opportunistic: createContext(shown ?? own, options),
    verified: createContext(shown ?? own, { ...options, ca }),
    public: createContext(shown ?? own, { ...options, ca: options.publicCa }),
  }))
}

function createContext(
  shown: ClientCertificate | null,
  { ca, ciphers, minVersion }: Omit<TlsOptions, 'publicCa'> & { readonly ca?: string | null | undefined },
) {
  const options: SecureContextOptions = shown ? { cert: shown.certificate, key: shown.key } : {}
  return createSecureContext({ ...options, ca: ca ?? undefined, minVersion, ...(ciphers && { ciphers }) })
}

/** Contexts that are built when they are first used, and again when the certificate has changed. Null is a node without a certificate. */
export function followCertificate<Material>(
  certificate: Current<Material | null>,
  build: (material: Material | null) => TlsContexts,
): TlsContexts {
  let built: { readonly material: Material | null; readonly contexts: TlsContexts } | null = null
  const current = () => {
    const material = certificate.value
    if (!built || built.material !== material) built = { material, contexts: build(material) }
    return built.contexts
  }
  return {
    get opportunistic() {
      return current().opportunistic
    },
    get verified() {
      return current().verified
    },
    get public() {
      return current().public
    },
  }
}
