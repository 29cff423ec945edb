// SPF (RFC 7208), DKIM (RFC 6376), DMARC (RFC 9989), ARC (RFC 8617) of one message. The result is a finding; policy decides.

import type { Content } from '../message/content.ts'

export type AuthResult = 'pass' | 'fail' | 'softfail' | 'neutral' | 'none' | 'temperror' | 'permerror' | 'policy'

/** DMARC for one author domain. */
export interface AuthorFinding {
  readonly domain: string
  readonly result: 'pass' | 'fail' | 'none' | 'temperror' | 'permerror'
  /** By the tree walk (RFC 9989 4.10); null if it is not known. */
  readonly organizationalDomain: string | null
  /** The policy of the domain owner, after sp, np and t; null without a record. */
  readonly policy: 'none' | 'quarantine' | 'reject' | null
  /** The domain of the record, which can be a parent; null without one. */
  readonly policyDomain: string | null
  readonly spfAligned: boolean
  /** The record asks for strict alignment of SPF (aspf=s). */
  readonly strictSpf: boolean
  /** With `temperror`, unless the message passes under every policy. */
  readonly undecided?: Undecided
}

/** What a look-up that failed leaves open. */
export interface Undecided {
  /** The policy that applies if no identifier passes; null if it is not known. */
  readonly policy: AuthorFinding['policy']
  /** True if the cause may be on our side: no place for the question, no answer from our resolver, no time. */
  readonly ours: boolean
}

export interface Authentication {
  readonly spf: { readonly result: AuthResult; readonly domain: string | null; readonly explanation: string | null }
  readonly dkim: readonly {
    readonly result: AuthResult
    readonly domain: string
    readonly selector: string
    readonly aligned: boolean
    readonly comment: string | null
  }[]
  readonly dmarc: {
    readonly result: AuthResult
    /** The author domain. */
    readonly domain: string | null
    /** The domain of the record, which can be a parent of the author domain; null without a record. */
    readonly policyDomain?: string | null
    readonly policy: 'none' | 'quarantine' | 'reject' | null
    /** True if From: names several author domains, or something else together with one: no policy applies, which forgers exploit (RFC 9989 11.5). */
    readonly severalAuthors?: boolean
    /** The finding for each author domain that mail programs may show (message/shown-authors.ts); the first four are evaluated. */
    readonly authors: readonly AuthorFinding[]
    /** Why From: is not clear; null if it is. */
    readonly problem: string | null
    /** With `temperror`, if nothing is known of the authors: time is up. */
    readonly undecided?: Undecided
    readonly spfAligned: boolean
    readonly dkimAligned: boolean
  }
  readonly arc: { readonly result: AuthResult }
  /** Why this node did not verify the message, which is no fault of the sender: ask the client to try again. Absent if it did. */
  readonly shortage?: string
  /** The value of an Authentication-Results field (RFC 8601), folded, without the field name. */
  readonly results: string
}

export interface AuthenticationRequest {
  readonly remoteIp: string
  readonly helo: string
  /** Null for the null sender: SPF then checks the HELO name. */
  readonly sender: string | null
  readonly content: Content
  /** The authserv-id for `results`. */
  readonly authservId: string
  readonly now: number
  /** Aborted when the client has gone: the verification ends early, because its result has no reader. */
  readonly closed?: AbortSignal
}

export interface Authenticator {
  /** Never rejects: an unexpected error is temperror in each part. */
  authenticate(request: AuthenticationRequest): Promise<Authentication>
  /** Loads its code, because a message may come soon; absent if it is always loaded. */
  readonly prepare?: () => void
}
