// Recognises fleet nodes: by a list of addresses, or by the fingerprint of a client certificate or of its public key.

import { networkMatcher } from '../lib/ip-address.ts'
import type { ClientCertificate } from '../smtp/session.ts'

export interface PeerIdentity {
  readonly role: string
  /** Networks in CIDR form. */
  readonly addresses: readonly string[]
  /** SHA-256 in lower-case hex. */
  readonly fingerprints: readonly string[]
}

export class Peers {
  readonly #networks: readonly { readonly role: string; readonly contains: (ip: string) => boolean }[]
  readonly #fingerprints: ReadonlyMap<string, string>

  constructor(identities: readonly PeerIdentity[]) {
    this.#networks = identities
      .filter((identity) => identity.addresses.length > 0)
      .map((identity) => ({ role: identity.role, contains: networkMatcher(identity.addresses) }))
    this.#fingerprints = new Map(
      identities.flatMap(({ role, fingerprints }) => fingerprints.map((fingerprint) => [fingerprint, role])),
    )
  }

  /** True if a certificate can prove a peer, so that a session must reach TLS before it can be refused. */
  get knowsCertificates(): boolean {
    return this.#fingerprints.size > 0
  }

  /** The role of the peer at this address, or null. IPv4-mapped IPv6 addresses count as IPv4. */
  byAddress(ip: string): string | null {
    return this.#networks.find(({ contains }) => contains(ip))?.role ?? null
  }

  /** The role of the peer with this certificate, or null. TLS has proven that the client has the key. */
  byCertificate(certificate: ClientCertificate): string | null {
    return this.#fingerprints.get(certificate.keyFingerprint) ?? this.#fingerprints.get(certificate.fingerprint) ?? null
  }
}
