// DANE-TA (RFC 7671 section 5.2, RFC 7672 section 3.1.2): the chain from the certificate of the host to a CA that a TLSA record names. The CA
// must have issued the chain: a certificate that the host only sends along proves nothing. The order in the handshake does not matter.

import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto'
import { isNamedBy, type Presented } from './presented-chain.ts'
import { readCertificateParts } from '../../x509/certificate-parts.ts'
import { FULL, PUBLIC_KEY, type TlsaRecord } from './tlsa-record.ts'

/** From the certificate of the host upwards, with that of the CA if there is one. Null: no record names a CA of the chain. */
export type AnchoredChain = readonly Presented[] | null

/** Signatures that are checked for one host: a chain needs a few, and a hostile list could ask for hundreds. */
const MAX_SIGNATURES = 32

export function anchoredChain(presented: readonly Presented[], records: readonly TlsaRecord[]): AnchoredChain {
  const [leaf] = presented
  return leaf ? new ChainSearch(presented.slice(1), records).from(leaf, [leaf]) : null
}

class ChainSearch {
  readonly #records: readonly TlsaRecord[]
  readonly #candidates: readonly Presented[]
  /** Keys that records hold in full: their CA has no certificate here. */
  readonly #keys: readonly KeyObject[]
  #signatures = 0

  constructor(others: readonly Presented[], records: readonly TlsaRecord[]) {
    this.#records = records
    const full = records.filter(({ matchingType }) => matchingType === FULL)
    this.#keys = full.flatMap(({ selector, data }) =>
      selector === PUBLIC_KEY ? [createPublicKey({ key: data, format: 'der', type: 'spki' })] : [],
    )
    // A CA may leave out its own certificate if the record has it.
    const fromDns = full.flatMap(({ selector, data }) => (selector === PUBLIC_KEY ? [] : published(data)))
    this.#candidates = [...fromDns, ...others]
  }

  /** Goes up from the last certificate of `chain`. */
  from(below: Presented, chain: readonly Presented[]): AnchoredChain {
    if (this.#keys.some((key) => this.#isSignedBy(below, key))) return chain
    for (const issuer of this.#candidates) {
      if (chain.includes(issuer) || !this.#hasIssued(issuer, below)) continue
      const longer = [...chain, issuer]
      if (this.#records.some((record) => isNamedBy(issuer, record))) return longer
      const found = this.from(issuer, longer)
      if (found) return found
    }
    return null
  }

  #hasIssued({ certificate: issuer }: Presented, { certificate }: Presented): boolean {
    return issuer.ca && certificate.checkIssued(issuer) && this.#isSignedBy({ certificate }, issuer.publicKey)
  }

  #isSignedBy({ certificate }: Pick<Presented, 'certificate'>, key: KeyObject): boolean {
    if (this.#signatures >= MAX_SIGNATURES) return false
    this.#signatures++
    return certificate.verify(key)
  }
}

function published(der: Buffer): Presented[] {
  const certificate = new X509Certificate(der)
  const parts = readCertificateParts(certificate.raw)
  return parts ? [{ certificate, parts }] : []
}
