// The contract of the brake: what is unusual about an account, which accounts are on hold, and what was announced. It is asynchronous and
// takes the time of its caller, so that a database that several nodes share can implement it too.

import type { AccountName } from './usage-contract.ts'

/** What a message adds to the history of its account. Its recipients and domains are counted before (usage-contract.ts). */
export interface MessageFacts {
  /** The account, and the app password if there is one. */
  readonly names: readonly AccountName[]
  /** Site of the client, as of `siteNetwork`; null without one. */
  readonly network: string | null
  /** Equal for subjects that differ in numbers only; null without a subject. */
  readonly subject: string | null
  /** Score of the spam filter; null if it did not judge the message. */
  readonly spam: number | null
  /** Unix milliseconds. */
  readonly at: number
}

export interface Movement {
  /** Units in the last hour, and in the last day. */
  readonly hour: number
  readonly day: number
  /** Units of the second busiest day of the last four weeks: one exception does not raise it. 0 without a history. */
  readonly usual: number
}

/** What is known about an account after a message. A release begins the hour and the day again. */
export interface AccountSigns {
  readonly account: AccountName
  readonly messages: Movement
  readonly recipients: Movement
  readonly newDomains: Movement
  /** Recipients that failed in the last day. */
  readonly failures: number
  /** Messages about which a proven reporter has complained in the last day. */
  readonly complaints: number
  /** Messages of the last hour that the spam filter judged, and the mean of their scores. */
  readonly judged: number
  readonly meanSpam: number
  /** Messages of the last hour with this subject. */
  readonly alike: number
  /** The first message from this site was within a day, and others are known. */
  readonly isNewNetwork: boolean
  /** Part of all messages of four weeks that were sent within an hour of this time of day; null with too little history. */
  readonly hourShare: number | null
  /** Recipients that an operator has announced; 0 without. */
  readonly announced: number
}

export interface AccountHold {
  readonly account: AccountName
  /** Unix milliseconds. */
  readonly at: number
  /** `node`, or the name of the operator. */
  readonly by: string
  readonly reason: string
  /** The signs that decided; empty for a hold of an operator. */
  readonly evidence: string
}

export interface Announcement {
  readonly account: AccountName
  readonly recipients: number
  /** Unix milliseconds. */
  readonly until: number
  readonly by: string
  readonly reason: string
}

interface Unavailable {
  readonly kind: 'unavailable'
  readonly cause: string
}

export type SignsAnswer =
  | { readonly kind: 'known'; readonly signs: readonly AccountSigns[] }
  /** One of the names is on hold; the message is not added. */
  | { readonly kind: 'held'; readonly hold: AccountHold }
  | Unavailable
export type HoldsAnswer = { readonly kind: 'known'; readonly holds: readonly AccountHold[] } | Unavailable

/** A complaint (RFC 5965) of a reporter that DMARC proves, about a message of the ledger. */
export interface ComplaintFacts {
  /** The account, and the app password if there is one. */
  readonly names: readonly AccountName[]
  /** The domain that proves the reporter. */
  readonly provider: string
  /** The queue ID of the message. */
  readonly queueId: string
  /** Unix milliseconds of the complaint. */
  readonly at: number
}

/** For the node. */
export interface Brake {
  /** Adds a message to the history, and says what is unusual about its account now. A hold that stands comes first. */
  observe(facts: MessageFacts): Promise<SignsAnswer>
  /** The holds that stand for any of the names. */
  holds(names: readonly AccountName[]): Promise<HoldsAnswer>
  hold(order: AccountHold): Promise<'held' | 'stands' | 'unavailable'>
}

/** Every message that is held for an account has a reason that begins so: a release finds it. */
export function holdMark(account: AccountName): string {
  return `account ${account} is on hold`
}
