// What a spam filter says of one message: findings only, policy draws conclusions. No answer is a finding of its own, never "no spam".

import type { Content } from '../message/content.ts'

/** What rspamd wants done (its conf/actions.conf); `other` is an action that somebody has made up there. */
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
}

export type SpamFinding =
  | {
      readonly kind: 'scanned'
      readonly action: SpamAction
      /** The action as the filter names it; the same but for `other`. */
      readonly named: string
      readonly score: number
      /** From here on the filter refuses; null where it does not say. */
      readonly required: number | null
      /** The heaviest first. */
      readonly symbols: readonly SpamSymbol[]
      /** The filter's own words for the client, or null. */
      readonly message: string | null
    }
  | { readonly kind: 'unavailable'; readonly cause: string }

/** The envelope and the client of a mail, as far as they are known. */
export interface SpamRequest {
  readonly queueId: string
  /** Null for mail of this node itself. */
  readonly remoteIp: string | null
  readonly remoteName: string | null
  readonly helo: string | null
  /** Null for the null sender. */
  readonly sender: string | null
  readonly recipients: readonly string[]
  /** Who authenticated, or null. */
  readonly user: string | null
  readonly content: Content
}

export interface SpamScanner {
  /** Never throws. */
  scan(request: SpamRequest): Promise<SpamFinding>
}
