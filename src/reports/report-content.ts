// What a report says, after it was read. All text is cleaned and cut; times are unix milliseconds.

/** A DMARC aggregate report (RFC 7489 7.2, RFC 9990). */
export interface DmarcReport extends ReportBase {
  readonly kind: 'dmarc'
  readonly format: 'rfc7489' | 'rfc9990'
  readonly policy: PublishedPolicy
  readonly generator: string | null
  /** What the reporter noticed about the record. */
  readonly errors: readonly string[]
  readonly records: readonly DmarcRecord[]
}

/** A TLS report (RFC 8460). */
export interface TlsReport extends ReportBase {
  readonly kind: 'tls'
  readonly policies: readonly TlsPolicyResult[]
}

/** A complaint in the Abuse Reporting Format (RFC 5965). */
export interface Complaint {
  readonly kind: 'complaint'
  /** `abuse`, `fraud`, `virus`, `not-spam`, `auth-failure` (RFC 6591), `other`, or another word. */
  readonly feedbackType: string
  readonly userAgent: string | null
  /** The client from which the reporter got the mail. */
  readonly sourceIp: string | null
  readonly reportedDomain: string | null
  /** When the mail arrived at the reporter. */
  readonly arrivedAt: number | null
  /** Complaints that this one stands for, from 1. */
  readonly incidents: number
  readonly original: OriginalMail
}

/** What the complaint has of the mail that it is about, enough to find it in the ledger. */
export interface OriginalMail {
  readonly messageId: string | null
  /** Hosts and queue IDs of its Received fields, the last hop first. */
  readonly hops: readonly { readonly host: string; readonly queueId: string }[]
  readonly authorDomain: string | null
}

export type Report = DmarcReport | TlsReport | Complaint

interface ReportBase {
  /** The organization as it calls itself. */
  readonly org: string
  readonly contact: string | null
  readonly reportId: string
  readonly begin: number
  readonly end: number
}

export interface PublishedPolicy {
  readonly domain: string
  readonly p: string | null
  readonly sp: string | null
  readonly np: string | null
  readonly adkim: string | null
  readonly aspf: string | null
  /** Options of failure reports. */
  readonly fo: string | null
  /** RFC 9990: the tag `t`; null where the report does not say it. */
  readonly testing: boolean | null
  /** RFC 7489: per cent; null where the report does not say it. */
  readonly pct: number | null
  readonly discovery: string | null
}

export interface DmarcRecord {
  /** An IP address in its usual form. */
  readonly source: string
  /** Messages. */
  readonly count: number
  readonly disposition: 'none' | 'pass' | 'quarantine' | 'reject'
  /** DKIM passed and aligned. */
  readonly dkim: boolean
  /** SPF passed and aligned. */
  readonly spf: boolean
  readonly reasons: readonly { readonly type: string; readonly comment: string }[]
  readonly headerFrom: string
  readonly envelopeFrom: string | null
  readonly signatures: readonly { readonly domain: string; readonly selector: string; readonly result: string }[]
  readonly senders: readonly { readonly domain: string; readonly result: string }[]
}

export interface TlsPolicyResult {
  /** `tlsa`, `sts` or `no-policy-found` (RFC 8460 4.4). */
  readonly type: string
  readonly domain: string
  readonly successes: number
  readonly failures: number
  readonly details: readonly TlsFailure[]
}

export interface TlsFailure {
  /** As in RFC 8460 4.3. */
  readonly resultType: string
  readonly sendingIp: string | null
  readonly mx: string | null
  readonly count: number
  readonly reason: string | null
}
