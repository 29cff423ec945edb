// Which of our nodes is this? By address list, or by the fingerprint of a client certificate (of its public key or of the certificate).

import { networkMatcher } from '../lib/ip-address.ts'
import type { ClientCertificate } from '../smtp/session.ts'

export interface PeerProof {
  readonly role: string
  /** Networks in CIDR form. */
  readonly addresses: readonly string[]
  /** SHA-256 in lower-case hex. */
  readonly fingerprints: readonly string[]
}

/** A table of neighbouring nodes. */
export class Peers {
  readonly #networks: readonly { readonly role: string; readonly holds: (ip: string) => boolean }[]
  readonly #fingerprints: ReadonlyMap<string, string>

  constructor(proofs: readonly PeerProof[]) {
    this.#networks = proofs
      .filter((proof) => proof.addresses.length > 0)
      .map((proof) => ({ role: proof.role, holds: networkMatcher(proof.addresses) }))
    this.#fingerprints = new Map(proofs.flatMap((proof) => proof.fingerprints.map((print) => [print, proof.role])))
  }

  /** True if a certificate could prove a peer, so that a client has to be heard until TLS is up. */
  get knowsCertificates(): boolean {
    return this.#fingerprints.size > 0
  }

  /** The role of the peer at this address, or null. IPv4-mapped IPv6 addresses count as IPv4. */
  byAddress(ip: string): string | null {
    return this.#networks.find(({ holds }) => holds(ip))?.role ?? null
  }

  /** The role of the peer with this certificate, or null. TLS has already proven that it holds the key. */
  byCertificate(certificate: ClientCertificate): string | null {
    return this.#fingerprints.get(certificate.keyFingerprint) ?? this.#fingerprints.get(certificate.fingerprint) ?? null
  }
}
