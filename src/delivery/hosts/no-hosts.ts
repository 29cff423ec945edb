// Why a next hop has no host to try, as the reply for its recipients.

export interface NoHosts {
  readonly kind: 'none'
  /** True fails the recipients, false defers them. */
  readonly permanent: boolean
  /** Enhanced status (RFC 3463). */
  readonly status: string
  readonly reply: string
}

export function noHosts(permanent: boolean, status: string, reply: string): NoHosts {
  return { kind: 'none', permanent, status, reply }
}

/** While one host may become available, nothing has failed: a temporary reason outweighs a permanent one. */
export function weightier(known: NoHosts | null, next: NoHosts): NoHosts {
  return known && !known.permanent ? known : next
}
