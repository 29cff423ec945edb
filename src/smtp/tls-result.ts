// What TLS reached on one connection to a remote host, in the terms of RFC 8460 (SMTP TLS reporting).

/** `encrypted`: the peer's identity is not proven. `verified`: the certificate proved it, as the policy demands. */
export type TlsLevel = 'none' | 'encrypted' | 'verified'

/**
 * Result types of RFC 8460 section 4.3. `validation-failure` is every failure that no other type names. The last three are of MTA-STS.
 */
export type TlsFailure =
  | 'starttls-not-supported'
  | 'certificate-host-mismatch'
  | 'certificate-expired'
  | 'certificate-not-trusted'
  | 'validation-failure'
  | 'tlsa-invalid'
  | 'dnssec-invalid'
  | 'dane-required'
  | 'sts-policy-fetch-error'
  | 'sts-policy-invalid'
  | 'sts-webpki-invalid'

export interface TlsResult {
  readonly level: TlsLevel
  /** Name of the policy that applied to the host, such as `may`, `dane` or `verify`. */
  readonly policy: string
  /** Such as `TLSv1.3`; absent without TLS. */
  readonly protocol?: string
  /** Why TLS failed or was not used, or what is wrong with the policy of the host; absent if it reached what the policy asks for. */
  readonly failure?: TlsFailure
}
