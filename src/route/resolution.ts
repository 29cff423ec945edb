// The result of resolving one forward-path; `waypost explain` prints this object.

import type { ForwardAction, SpamCeiling } from '../directory/directory.ts'
import type { Authenticated, Origin } from '../smtp/origin.ts'
import type { Refusal } from '../smtp/reply.ts'

export type Rule =
  | 'srs-reverse'
  | 'alias-domain'
  | 'alias'
  | 'rewrite'
  | 'catch-all'
  | 'forward'
  | 'transport'
  | 'user'
  | 'srs'
  | 'next-hop'
  | 'merge'
  | 'reports'
  | 'probe'
  | 'discard'
  | 'refuse'

/** One step of a resolution, with its rule and where that rule is written. */
export interface Step {
  readonly rule: Rule
  readonly from: string
  readonly to: string
  /** `file:line`, an LDAP DN, `configuration`, or `RFC …` for a rule of a standard. */
  readonly source: string
  /** A comment for the reader of `explain`. */
  readonly note?: string
}

/** The rules of routing data for a copy that leaves our domains by a forward. */
export interface ForwardTerms {
  /** What to do if the copy would fail DMARC at its destination; null where the data have no rule. */
  readonly action: ForwardAction | null
  /** The spam score from which on it is not forwarded; missing where the data have no rule. */
  readonly ceiling?: SpamCeiling
}

export interface Destination {
  /** The final address of this copy. */
  readonly recipient: string
  /** Equal for destinations that are one mailbox: one transaction puts one copy into it. */
  readonly mailbox: string
  /** The forward-path as the client gave it. */
  readonly original: string
  /** The reverse-path of this copy: the sender or its SRS form; null for the null sender. */
  readonly reversePath: string | null
  /** In the format of smtp/nexthop.ts. */
  readonly nextHop: string
  /** True if an alias or forward led out of our domains: bounces must not name this address. */
  readonly private: boolean
  /** Present if this node forwards the copy out of our domains. */
  readonly forward?: ForwardTerms
  /** Present if the next hop, a fleet node, forwards it: the terms for each foreign domain. */
  readonly relayedForwards?: readonly ForwardTerms[]
  readonly via: readonly Step[]
}

/** An SRS address of ours as recipient. It takes bounces only: a message with another sender is refused after its data. */
export interface ReversedSrs {
  /** Equal for all spellings of the address: its local part in lower case, without the hash. */
  readonly address: string
  /** The original sender in lower case, or the token that another node has stored. */
  readonly target: string
}

export type Resolution =
  | {
      readonly kind: 'destinations'
      readonly destinations: readonly Destination[]
      /** Members of a group that cannot be resolved, while others can: logged and explained; the others get the message. */
      readonly failedMembers?: readonly { readonly reply: Refusal; readonly via: readonly Step[] }[]
      readonly reversed?: ReversedSrs
    }
  | { readonly kind: 'discard'; readonly reason: string; readonly via: readonly Step[] }
  /** Permanent (5xx): unknown address, refusal entry, loop, relay denied. */
  | { readonly kind: 'refused'; readonly reply: Refusal; readonly via: readonly Step[] }
  /** Temporary (4xx): a source is unavailable, so the address may exist. */
  | { readonly kind: 'unavailable'; readonly reply: Refusal; readonly via: readonly Step[] }

export interface ResolveRequest {
  readonly forwardPath: string
  readonly reversePath: string | null
  readonly origin: Origin
  /** Unix milliseconds, for SRS time stamps. */
  readonly at: number
  /** Without it only the limits of a single resolution apply. */
  readonly meter?: DestinationMeter
}

/** Counts the destinations of a resolution while it grows. */
export interface DestinationMeter {
  /** Counts an address that is followed, whether it leads to a destination or not. */
  step(): void
  /** Counts one more destination. Null, or the temporary refusal of the recipient if it does not fit. */
  add(): Refusal | null
  /** Counts a sender that is too long for SRS, for which this node or the srs node stores a token; the same answers. */
  addToken(sender: string): Refusal | null
}

export interface Router {
  resolve(request: ResolveRequest): Promise<Resolution>
  /** True for a domain whose mail this node accepts from any client: mail, alias, SRS and transport domains. */
  isOurs(domain: string): boolean
  /** How domains relate to ours. */
  ownNames(): OwnNames
  /**
   * The SRS form of a sender of any domain, also of ours: for a sender of ours that is not proven. `at` is unix milliseconds.
   */
  rewriteSender(sender: string, at: number): Promise<RewrittenSender>
  /** Whether this authenticated user or machine may use this address as sender. */
  maySendAs(identity: Authenticated, address: string): Promise<SendAs>
  /** The recipients to which this identity is limited, if this address is not among them; null if it may write to it. */
  recipientLimit(identity: Authenticated, address: string): readonly string[] | null
}

/** All domains are in normal form: lower case with A-labels. */
export interface OwnNames {
  /** The highest domain of ours that the domain is at or below; null if there is none. */
  highestAbove(domain: string): string | null
  /** True if the domain, or a domain below it, is ours. */
  hasBelow(domain: string): boolean
}

export type RewrittenSender =
  | { readonly kind: 'rewritten'; readonly address: string }
  /** The role does not rewrite senders, or this one is an SRS address of ours. */
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'too-long'; readonly octets: number }
  | { readonly kind: 'unavailable'; readonly cause: string }

export type SendAs =
  | { readonly kind: 'yes'; readonly source: string }
  /** `allowed`: the addresses that the identity may use, for the public reply. */
  | { readonly kind: 'no'; readonly allowed: readonly string[] }
  | { readonly kind: 'unavailable'; readonly cause: string }
