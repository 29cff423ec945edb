// The contract of the bans: which addresses, networks and accounts may not log in or connect for a time. It is asynchronous and takes the
// time of its caller, so that a database that several nodes share can implement it too.

export type BanKind = 'address' | 'network' | 'account'

export interface BanSubject {
  readonly kind: BanKind
  /** `address`: an IPv4 address or an IPv6 /64, as of `clientNetwork`. `network`: in CIDR form. `account`: the user name in lower case. */
  readonly value: string
}

/** Milliseconds. */
export interface BanRules {
  /** The first ban of an address or a network. */
  readonly duration: number
  /** Each further ban within a week doubles the time, up to this. */
  readonly longest: number
  /** Every ban of an account. It is never longer, because strangers cause it. */
  readonly account: number
}

export interface Ban extends BanSubject {
  /** Unix milliseconds, as the following. */
  readonly at: number
  readonly until: number
  /** `node`, or the name of the operator. */
  readonly by: string
  readonly reason: string
  /** What was counted, as a sentence for people; empty for a ban of an operator. */
  readonly evidence: string
  /** How many bans in turn this is, from 1. */
  readonly times: number
}

export interface BanOrder extends BanSubject {
  readonly at: number
  readonly reason: string
  readonly evidence: string
}

/** A ban that an operator makes. It replaces one that stands. */
export interface OperatorBan extends BanSubject {
  readonly at: number
  readonly until: number
  readonly by: string
  readonly reason: string
}

export type BanAnswer =
  | { readonly kind: 'known'; readonly bans: readonly Ban[] }
  /** Whether a ban stands is not known. */
  | { readonly kind: 'unavailable'; readonly cause: string }

export type BanAddition = 'added' | 'stands' | 'full' | 'unavailable'

/** A count of failures that outlives a restart. */
export interface KeptCount {
  /** Name of the budget. */
  readonly rate: string
  readonly key: string
  readonly value: number
}

/** For the node. */
export interface Bans {
  /** The bans that stand at `at` and concern the address or the accounts. */
  find(who: { readonly ip?: string; readonly accounts?: readonly string[] }, at: number): Promise<BanAnswer>
  /** Bans for as long as the rules say. */
  add(order: BanOrder, rules: BanRules): Promise<BanAddition>
}

/** The name of the node in `by`. */
export const BY_NODE = 'node'

/** For commands. */
export interface BanReader {
  /** Those that stand at `at`, or all that are remembered; the newest first. */
  list(view: { readonly at: number; readonly all: boolean; readonly limit: number }): Promise<readonly Ban[]>
}
