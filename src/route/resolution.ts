// What routing answers for one forward-path. `waypost explain` prints exactly this object.

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
  | 'discard'
  | 'refuse'

/** One step of the way, with the rule that made it and where that rule is written. */
export interface Step {
  readonly rule: Rule
  readonly from: string
  readonly to: string
  /** `file:line`, an LDAP DN, `configuration`, or `RFC …` for what no file says. */
  readonly source: string
  /** A sentence for people. */
  readonly note?: string
}

/** What routing data want for a copy that leaves our domains by a forward. */
export interface ForwardTerms {
  /** Where that fails the destination's DMARC check; null where they say nothing. */
  readonly action: ForwardAction | null
  /** From which spam score on it is not forwarded; missing where they say nothing. */
  readonly ceiling?: SpamCeiling
}

export interface Destination {
  /** Final address this copy goes to. */
  readonly recipient: string
  /** The forward-path that the client gave. */
  readonly original: string
  /** MAIL FROM for this copy: the sender, or its SRS form; null for the null sender. */
  readonly reversePath: string | null
  /** Written form of smtp/nexthop.ts. */
  readonly nextHop: string
  /** True if the address leaves our domains through a forward or alias: bounces about it must not name it. */
  readonly private: boolean
  /** There if the copy leaves our domains by a forward, so that its author is not who sends it. */
  readonly forward?: ForwardTerms
  /** There if the next hop, a node of ours, forwards it: the terms of each domain that it leaves for. */
  readonly handedOver?: readonly ForwardTerms[]
  readonly via: readonly Step[]
}

export type Resolution =
  | {
      readonly kind: 'destinations'
      readonly destinations: readonly Destination[]
      /** Members of a group that lead nowhere while others do: for log and explain, no reason to refuse the rest. */
      readonly failedMembers?: readonly { readonly reply: Refusal; readonly via: readonly Step[] }[]
    }
  | { readonly kind: 'discard'; readonly reason: string; readonly via: readonly Step[] }
  /** Permanent (5xx): unknown address, refused by an entry, loop, relay denied. */
  | { readonly kind: 'refused'; readonly reply: Refusal; readonly via: readonly Step[] }
  /** Temporary (4xx): a source could not answer. Never "unknown". */
  | { readonly kind: 'unavailable'; readonly reply: Refusal; readonly via: readonly Step[] }

export interface ResolveRequest {
  readonly forwardPath: string
  readonly reversePath: string | null
  readonly origin: Origin
  /** Unix milliseconds, for SRS time stamps. */
  readonly at: number
}

export interface Router {
  resolve(request: ResolveRequest): Promise<Resolution>
  /** Is this domain ours, so that mail for it may come from anybody? (mail domains, alias domains, SRS domains, transports) */
  isOurs(domain: string): boolean
  /** May this authenticated user or machine use this address as sender? Unavailable sources answer `unavailable`. */
  maySendAs(who: Authenticated, address: string): Promise<SendAs>
}

export type SendAs =
  | { readonly kind: 'yes'; readonly source: string }
  /** `allowed` lists what the identity may use, for the public reply. */
  | { readonly kind: 'no'; readonly allowed: readonly string[] }
  | { readonly kind: 'unavailable'; readonly cause: string }
