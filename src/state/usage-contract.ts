// The contract of what accounts use: counts of messages, recipients, new recipient domains and failures in sliding windows. It is
// asynchronous and takes the time of its caller, so that a database that several nodes share can implement it too.

/** `failures`: recipients that were refused for good, here or by the next hop. */
export const measures = ['messages', 'recipients', 'new_domains', 'failures'] as const
export type Measure = (typeof measures)[number]

export const windows = ['burst', 'hour', 'day'] as const
export type Window = (typeof windows)[number]

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

/**
 * Milliseconds. Units are counted in steps and leave a window with their whole step, so that a window is up to one step longer than it says.
 */
export const windowTimes: Readonly<Record<Window, { readonly length: number; readonly step: number }>> = {
  burst: { length: 5 * MINUTE_MS, step: MINUTE_MS },
  hour: { length: HOUR_MS, step: 5 * MINUTE_MS },
  day: { length: 24 * HOUR_MS, step: HOUR_MS },
}

/** `user:kim`, `machine:ci-01`, `user:kim (app phone)`: as the origin of a `received` event. */
export type AccountName = string

export interface UsageLimit {
  readonly measure: Measure
  readonly window: Window
  readonly most: number
}

export interface LimitUse extends UsageLimit {
  readonly account: AccountName
  readonly used: number
}

export interface UsageClaim {
  readonly account: AccountName
  readonly limits: readonly UsageLimit[]
}

export interface UsageRequest {
  /** A message counts for the user and for the app password, all or nothing. */
  readonly claims: readonly UsageClaim[]
  readonly messages: number
  readonly recipients: number
  /** Of the recipients, in lower case. */
  readonly domains: readonly string[]
  /** Unix milliseconds. */
  readonly at: number
}

export type UsageAnswer =
  /** `uses`: every limit, with what is used after it. */
  | { readonly kind: 'fits'; readonly uses: readonly LimitUse[] }
  /** `againAt`: unix milliseconds at which the same request fits; null if it is above the limit by itself. */
  | { readonly kind: 'over'; readonly use: LimitUse; readonly againAt: number | null }
  | { readonly kind: 'unavailable'; readonly cause: string }

export interface Usage {
  /** The answer that `take` would give; changes nothing. */
  judge(request: UsageRequest): Promise<UsageAnswer>
  /** Counts the units if all fit. */
  take(request: UsageRequest): Promise<UsageAnswer>
  /** Counts failures, whether they fit or not. */
  failed(accounts: readonly AccountName[], at: number): Promise<void>
}
