// Chooses the certificates for a TLS handshake by the name that the client asks for (RFC 6066 3, RFC 9525 6.3).

import { X509Certificate } from 'node:crypto'
import { createSecureContext, type SecureContext } from 'node:tls'
import { type CertificatePair, type TlsMaterial, tlsOptions } from './tls-material.ts'

export interface ServerCertificates {
  /** False if every client gets the same. */
  readonly hasChoice: boolean
  /** For clients that send no name, and for names without a certificate: the first one. */
  readonly usual: SecureContext
  /** `name` comes from the client and can be anything. */
  contextFor(name: string): SecureContext
}

interface Entry extends CertificatePair {
  readonly parsed: X509Certificate
  readonly keyType: string
}

/** Octets of a name in the DNS (RFC 1035 2.3.4), as A-labels. No address: RFC 6066 3 does not allow one. */
const hostName = /^(?=.{1,253}$)[a-z0-9_-]+(\.[a-z0-9_-]+)*$/i
const address = /^[\d.]+$/

/** Throws if a certificate and its key cannot be used. */
export function createServerCertificates(material: TlsMaterial): ServerCertificates {
  const entries = [material, ...(material.more ?? [])].map(entryOf)
  const contexts = new Map<string, SecureContext>()
  const contextOf = (chosen: readonly Entry[]): SecureContext => {
    const key = chosen.map((entry) => entries.indexOf(entry)).join(' ')
    const context = contexts.get(key) ?? createSecureContext(tlsOptions(material, chosen))
    contexts.set(key, context)
    return context
  }
  // Certificates that no client has asked for are tried too, so that a reload refuses a bad one.
  for (const entry of entries) contextOf([entry])
  const [first] = entries as [Entry]
  const usual = contextOf(onePerKeyType(entries.filter((entry) => namesOf(entry) === namesOf(first))))
  return {
    hasChoice: entries.length > 1,
    usual,
    contextFor: (name) => {
      if (!hostName.test(name) || address.test(name)) return usual
      const matches = entries.flatMap((entry) => {
        const found = entry.parsed.checkHost(name, { subject: 'never', partialWildcards: false })
        return found === undefined ? [] : [{ entry, isWildcard: found.startsWith('*') }]
      })
      if (matches.length === 0) return usual
      // A certificate for the name itself comes before one for a wildcard.
      const ordered = matches.toSorted((a, b) => Number(a.isWildcard) - Number(b.isWildcard))
      return contextOf(onePerKeyType(ordered.map(({ entry }) => entry)))
    },
  }
}

function entryOf({ certificate, key }: CertificatePair): Entry {
  const parsed = new X509Certificate(certificate)
  return { certificate, key, parsed, keyType: parsed.publicKey.asymmetricKeyType ?? 'unknown' }
}

/** OpenSSL has one certificate for each type of key, such as RSA and ECDSA, and offers the one that the client knows. */
function onePerKeyType(entries: readonly Entry[]): readonly Entry[] {
  const types = new Map<string, Entry>()
  for (const entry of entries) if (!types.has(entry.keyType)) types.set(entry.keyType, entry)
  return [...types.values()]
}

function namesOf({ parsed }: Entry): string {
  return (parsed.subjectAltName ?? parsed.subject).toLowerCase().split(', ').toSorted().join(', ')
}
