// Settings of DSNs.

export interface BounceSettings {
  /** The host name, for Reporting-MTA and Message-IDs. */
  readonly hostname: string
  /** Author of the DSNs, such as `postmaster@example.org`. */
  readonly from: string
  readonly fromName: string
  /** Octets of a returned message; only the header of larger ones is returned (Postfix: bounce_size_limit). */
  readonly sizeLimit: number
  /** Address that gets a copy of each failure report, with all details; absent or null for none. */
  readonly copyTo?: string | null
  /** Address that gets reports about failed messages with the null sender; absent or null for none. */
  readonly doubleBouncesTo?: string | null
}

export const BOUNCE_SIZE_LIMIT = 50_000

export const DEFAULT_FROM_NAME = 'Mail Delivery System'
