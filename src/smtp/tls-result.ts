// What TLS reached on one connection to a remote host, in the terms of RFC 8460 (SMTP TLS reporting).

/** `encrypted`: the peer's identity is not proven. `verified`: the certificate proved it, as the policy demands. */
export type TlsLevel = 'none' | 'encrypted' | 'verified'

/** Result types of RFC 8460 section 4.3. `validation-failure` is every failure that no other type names. */
export type TlsFailure =
  | 'starttls-not-supported'
  | 'certificate-host-mismatch'
  | 'certificate-expired'
  | 'certificate-not-trusted'
  | 'validation-failure'

export interface TlsResult {
  readonly level: TlsLevel
  /** Name of the policy that applied to the host, such as `may` or `verify`. */
  readonly policy: string
  /** Such as `TLSv1.3`; absent without TLS. */
  readonly protocol?: string
  /** Why TLS failed or was not used; absent if it reached what the policy asks for. */
  readonly failure?: TlsFailure
}
