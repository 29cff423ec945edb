// The result of one attempt for one recipient.

import type { ReplyClass } from '../../smtp/reply-class.ts'
import type { TlsResult } from '../../smtp/tls-result.ts'

/** How far a trouble reaches: this recipient, the whole message, this connection, or the whole destination (Postfix's scopes). */
export type Scope = 'recipient' | 'message' | 'session' | 'site'

interface Refused {
  /** What the refusal is about, where a rule knows it. */
  readonly replyClass?: ReplyClass
  /** What the operator can do about it. */
  readonly advice?: string
}

interface OutcomeBase {
  /** Remote reply verbatim (lines joined by `\n`), or our own words if no peer spoke. */
  readonly reply: string
  /** Enhanced status (RFC 3463), ours where the peer gave none. */
  readonly status: string
  /** `name[ip]:port`, or null if no host was reached. */
  readonly host: string | null
  /** Null if no host was reached, unless a TLS policy is to avoid the host. */
  readonly tls: TlsResult | null
}

export type Outcome =
  | ({
      readonly kind: 'delivered' /** the peer takes on DSN duties (RFC 3461 5.2.2) */
      readonly dsnPassedOn: boolean
    } & OutcomeBase)
  | ({
      readonly kind: 'deferred'
      readonly scope: Scope /** unix ms; null: the schedule's own time */
      readonly retryAt: number | null
    } & Refused &
      OutcomeBase)
  | ({ readonly kind: 'failed'; readonly scope: Scope } & Refused & OutcomeBase)
