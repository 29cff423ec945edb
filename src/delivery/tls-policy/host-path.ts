// How a next hop led to a host, and what DNSSEC proved on the way (RFC 7672 section 2.2).

export interface HostPath {
  /** The domain whose mail the host takes; null if the configuration names the host. */
  readonly domain: string | null
  /** `domain` after CNAMEs; the same if there are none. */
  readonly canonicalDomain: string | null
  /** DNSSEC validated the MX records, or proved that there are none. True if the configuration names the host. */
  readonly mxAuthentic: boolean
  /** DNSSEC validated the records with the address. */
  readonly addressAuthentic: boolean
  /** The host after CNAMEs; the same if there are none. */
  readonly canonicalHost: string
}

/** True if only the DNS, without DNSSEC, says that mail goes to this name: then its certificate proves little (RFC 8689 4.2.1). */
export function isGuessed(host: string, { domain, mxAuthentic }: HostPath): boolean {
  return !mxAuthentic && host !== domain
}

/** A host that no look-up led to: an address, a socket, a fleet node. */
export function configuredPath(host: string): HostPath {
  return { domain: null, canonicalDomain: null, mxAuthentic: true, addressAuthentic: false, canonicalHost: host }
}
