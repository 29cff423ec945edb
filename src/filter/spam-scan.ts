// The result of a spam filter for one message. It is a finding; policy decides. A missing answer is a separate finding and never means
// "no spam".

import type { Content } from '../message/content.ts'
import type { Authentication } from './authentication.ts'

/** The action that rspamd proposes (its conf/actions.conf); `other` is an action defined by the operator of rspamd. */
export type SpamAction =
  | 'no action'
  | 'greylist'
  | 'add header'
  | 'rewrite subject'
  | 'soft reject'
  | 'reject'
  | 'quarantine'
  | 'discard'
  | 'other'

export interface SpamSymbol {
  readonly name: string
  readonly score: number
  /** What was seen, if it is known. It can be text of strangers. */
  readonly detail?: string
}

export type SpamFinding =
  | {
      readonly kind: 'scanned'
      readonly action: SpamAction
      /** The filter's name of the action, which differs only for `other`. */
      readonly named: string
      readonly score: number
      /** The score at which the filter rejects; null if the answer has none. */
      readonly required: number | null
      /** Highest score first. */
      readonly symbols: readonly SpamSymbol[]
      /** The filter's text for the client, or null. */
      readonly message: string | null
    }
  | { readonly kind: 'unavailable'; readonly cause: string }

/** Envelope and client of a message, as far as known. */
export interface SpamRequest {
  readonly queueId: string
  /** Null for messages that the node created. */
  readonly remoteIp: string | null
  readonly remoteName: string | null
  readonly helo: string | null
  /** Null for the null sender. */
  readonly sender: string | null
  readonly recipients: readonly string[]
  /** The authenticated user or machine, or null. */
  readonly user: string | null
  readonly content: Content
  /** What the node has verified; absent if it has not. */
  readonly authentication?: Authentication | undefined
  /** What the node noticed itself (policy/evidence.ts). */
  readonly evidence: readonly { readonly name: string; readonly points: number; readonly detail: string }[]
  /** Unix milliseconds. */
  readonly at: number
}

export interface SpamScanner {
  /** Never rejects. */
  scan(request: SpamRequest): Promise<SpamFinding>
}
