// What TLS sessions of this node with mail hosts reached, by day and policy domain, until it is reported (RFC 8460).

/** The policy that a session must obey (RFC 8460 section 4.4). */
export interface ReportedPolicy {
  readonly type: 'tlsa' | 'sts' | 'no-policy-found'
  /** The TLSA records, or the lines of the policy; empty without a policy. */
  readonly strings: readonly string[]
  /** The patterns of an MTA-STS policy. */
  readonly mxHosts: readonly string[]
}

/** Sessions with the same result. */
export interface TlsResultRow {
  /** Of the end of the session in UTC, as `2026-11-28`. */
  readonly day: string
  /** The domain whose mail the session was for; A-labels in lower case. */
  readonly domain: string
  readonly policy: ReportedPolicy
  /** Null for sessions that reached what the policy asks for. */
  readonly failure: TlsSessionFailure | null
  /** Sessions. */
  readonly count: number
}

export interface TlsSessionFailure {
  /** As in RFC 8460 section 4.3. */
  readonly type: string
  /** Our address; null if there was no connection. */
  readonly sendingIp: string | null
  readonly mxHost: string
  /** The name by which the host greeted; null if it is not known. Rows of releases before it lack it. */
  readonly mxHelo?: string | null
  readonly mxIp: string | null
  /** What OpenSSL or this program called it; null if the type says all. */
  readonly reason: string | null
}

/** The results of one day and domain. */
export interface DayOfDomain {
  readonly day: string
  readonly domain: string
}

/** A report that is to go to one URI. */
export interface DueReport extends DayOfDomain {
  readonly uri: string
  readonly attempts: number
}

/** Every operation is null if the file cannot be used. */
export interface TlsResultStore {
  add(rows: readonly TlsResultRow[]): Promise<Added | null>
  /** Days of domains before `day` whose reports are not planned. */
  unplanned(request: {
    readonly before: string
    readonly limit: number
    readonly after: DayOfDomain | null
  }): Promise<readonly DayOfDomain[] | null>
  /** The report of a day goes to these URIs from `at` (unix ms) on; without one the results are removed. */
  plan(of: DayOfDomain, uris: readonly string[], at: number): Promise<number | null>
  /** Reports whose time has come. */
  due(now: number, limit: number): Promise<readonly DueReport[] | null>
  resultsOf(of: DayOfDomain): Promise<readonly TlsResultRow[] | null>
  /** The report is sent or given up; the results go with the last one of the day. */
  finish(report: DueReport): Promise<number | null>
  /** It is tried again at `at`. */
  postpone(report: DueReport, at: number): Promise<number | null>
  /** Removes what is older than `day`, sent or not. */
  purge(day: string): Promise<number | null>
}

export interface Added {
  /** Sessions that found no place. */
  readonly dropped: number
  /** Rows in the file. */
  readonly rows: number
}
