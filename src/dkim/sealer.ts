// Sealing with ARC (RFC 8617): a forwarder writes down, signed, what it found before it changed anything. Whether a mail is sealed is the
// caller's question; this room knows keys and chains.

import type { Content } from '../message/content.ts'

export interface SealOptions {
  /** Whose key signs. */
  readonly domain: string
  readonly authservId: string
  /** What was found, as the values of Authentication-Results fields of ours; only these are believed, the chain's result too. */
  readonly results: readonly string[]
  /** Unix milliseconds. */
  readonly now: number
}

export type SealResult =
  /** `fields` are the three fields of one more set, complete with CRLF, to be put on top. */
  | {
      readonly kind: 'sealed'
      readonly fields: Buffer
      readonly instance: number
      readonly selector: string
      readonly domain: string
    }
  | { readonly kind: 'unsealed'; readonly reason: string }

export interface Sealer {
  /** Adds a set to the chain of a mail. Rejects only on a bug. */
  seal(content: Content, options: SealOptions): Promise<SealResult>
}
