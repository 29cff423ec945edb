// What the bounce room can be told.

export interface BounceSettings {
  /** Our host name, for Reporting-MTA and message-ids. */
  readonly hostname: string
  /** Author of our reports, such as `postmaster@example.org`. */
  readonly from: string
  readonly fromName: string
  /** Octets of a returned message; larger ones come back as headers only (Postfix: bounce_size_limit). */
  readonly sizeLimit: number
  /** Who gets a copy of every report of a failure, with all that the sender is not told; nobody where not given. */
  readonly copyTo?: string | null
  /** Who is told of failed mail with the null sender; nobody where not given. */
  readonly doubleBouncesTo?: string | null
}

export const BOUNCE_SIZE_LIMIT = 50_000

export const DEFAULT_FROM_NAME = 'Mail Delivery System'
