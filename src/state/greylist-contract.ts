// The contract of the greylist: which mail was asked to come back, and which came back. It is asynchronous and takes the time of its caller,
// so that a database that several nodes share can implement it too. No answer of it refuses mail for good.

/** Milliseconds. */
export interface GreylistRules {
  /** The least time between the first attempt and one that passes. */
  readonly delay: number
  /** From the first attempt; what comes later counts as new. */
  readonly window: number
  /** From the last use; until then what came back passes at once. */
  readonly allowFor: number
}

/** One attempt to deliver, at RCPT or at the end of data. */
export interface GreylistAttempt {
  /**
   * What stands for the client: domains proven by SPF or DKIM, then its network (`192.0.2.0/24`). An entry gets the first one, and each of
   * them finds it.
   */
  readonly origins: readonly string[]
  /** The network of the client, whose share a new entry takes. It is the last of `origins`. */
  readonly network: string
  /** The domain of the reverse-path, in lower case; empty for the null sender. */
  readonly sender: string
  /** In lower case. An entry of one of them is enough, because mail programs divide recipients differently at each attempt. */
  readonly recipients: readonly string[]
  /** Why the mail is suspicious, one word for the statistics. */
  readonly reason: string
  /** Unix milliseconds. */
  readonly at: number
}

export type GreylistAnswer =
  /** Not before `until`, unix milliseconds. */
  | { readonly kind: 'wait'; readonly isFirst: boolean; readonly until: number }
  /** The first attempt that passes, `after` milliseconds. */
  | { readonly kind: 'came-back'; readonly after: number }
  /** It came back earlier, at `since`. */
  | { readonly kind: 'known'; readonly since: number }
  /** There is no place for a new entry: the mail passes. */
  | { readonly kind: 'full' }
  /** Nothing is known: the mail passes. */
  | { readonly kind: 'unavailable'; readonly cause: string }

/** `waiting`: too early. `due`: may come back. `lost`: did not come back in the window. `allowed`: passes. `expired`: passed long ago. */
export type GreylistState = 'waiting' | 'due' | 'lost' | 'allowed' | 'expired'

export interface GreylistEntry {
  /** A proven domain or a network. */
  readonly origin: string
  /** Null for an entry about all mail of the origin. */
  readonly sender: string | null
  readonly recipient: string | null
  readonly network: string
  readonly reason: string
  readonly state: GreylistState
  /** Unix milliseconds, as the following. */
  readonly firstAt: number
  readonly passedAt: number | null
  readonly usedAt: number
}

/** All that is given must match. */
export interface GreylistFilter {
  /** The network of the client. */
  readonly network?: string | undefined
  /** The domain of the reverse-path, or the proven domain. */
  readonly sender?: string | undefined
  readonly recipient?: string | undefined
  readonly state?: GreylistState | undefined
}

/** What became of greylisted mail, by reason. */
export interface GreylistResult {
  readonly reason: string
  /** Messages and recipients that were asked to come back. */
  readonly greylisted: number
  readonly cameBack: number
  /** They did not come back in the window. */
  readonly lost: number
  /** Entries that gave way to others in a full table before the end of the window. */
  readonly evicted: number
}

/** For the node, which judges mail. */
export interface Greylist {
  /** Judges an attempt and records it. Never rejects. */
  judge(attempt: GreylistAttempt, rules: GreylistRules): Promise<GreylistAnswer>
}

/** For commands. States are those at `at`, by the rules that the node used last. */
export interface GreylistReader {
  /** The oldest first. */
  entries(
    filter: GreylistFilter,
    view: { readonly at: number; readonly limit: number },
  ): Promise<readonly GreylistEntry[]>
  /** Since `since`, unix milliseconds; whole days (UTC). */
  results(view: { readonly at: number; readonly since: number }): Promise<readonly GreylistResult[]>
}
