// The MTA-STS policies of other domains that a node keeps (RFC 8461 section 5.1). Each node has those that it fetched.

export interface StoredPolicy {
  /** A-labels in lower case. */
  readonly domain: string
  /** Of the record that announced it. */
  readonly id: string
  readonly mode: 'enforce' | 'testing' | 'none'
  readonly mx: readonly string[]
  /** Seconds from `fetchedAt` for which it counts. */
  readonly maxAge: number
  /** When it was last fetched, unix milliseconds. */
  readonly fetchedAt: number
  /** When mail last asked for it, to a day, unix milliseconds. */
  readonly usedAt: number
}

/** Every operation is null if the file cannot be used. */
export interface PolicyStore {
  find(domain: string): Promise<{ readonly policy: StoredPolicy | null } | null>
  /** Writes one; beyond the capacity the one used longest ago gives way. */
  put(policy: StoredPolicy): Promise<Stock | null>
  /** Notes that mail asked for it. */
  touch(domain: string, at: number): Promise<Stock | null>
  /** Policies to fetch again: older than a day or half their time, and used after `usedAfter` (unix ms); the oldest first. */
  stale(request: StaleRequest): Promise<{ readonly policies: readonly StoredPolicy[] } | null>
  /** Removes those whose time has passed. */
  purge(now: number): Promise<Stock | null>
}

export interface StaleRequest {
  readonly now: number
  readonly usedAfter: number
  readonly limit: number
}

/** Policies in the file. */
export interface Stock {
  readonly policies: number
}
