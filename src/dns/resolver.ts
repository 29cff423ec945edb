// The DNS as a port (RFC 1035, RFC 4035 authentic bit). A failed look-up is never an absent name.

/** Record data by type; names in lower case without the final dot. */
export interface RecordTypes {
  A: string
  AAAA: string
  MX: { readonly preference: number; readonly exchange: string }
  TXT: readonly Buffer[]
  PTR: string
  CNAME: string
  NS: string
  SRV: { readonly priority: number; readonly weight: number; readonly port: number; readonly target: string }
  TLSA: { readonly usage: number; readonly selector: number; readonly matchingType: number; readonly data: Buffer }
}

export type RecordType = keyof RecordTypes

export type DnsAnswer<T> =
  /** `ttl` in seconds, the lowest of the chain; `name` is the owner after CNAMEs. */
  | {
      readonly kind: 'found'
      readonly records: readonly T[]
      readonly ttl: number
      readonly authentic: boolean
      readonly name: string
    }
  /** `nxdomain` true: no such name; false: the name exists without this type. */
  | { readonly kind: 'absent'; readonly nxdomain: boolean; readonly ttl: number; readonly authentic: boolean }
  /** SERVFAIL (bogus DNSSEC shows as this), time-out, malformed answer, no server reachable. */
  | { readonly kind: 'unavailable'; readonly cause: string }

export interface Resolver {
  resolve<T extends RecordType>(name: string, type: T): Promise<DnsAnswer<RecordTypes[T]>>
}
