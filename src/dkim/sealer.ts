// ARC sealing (RFC 8617): a forwarder records its authentication results in signed form before it changes the message. The caller decides
// which messages are sealed.

import type { Content } from '../message/content.ts'

export interface SealOptions {
  /** Domain whose key signs. */
  readonly domain: string
  readonly authservId: string
  /** The results as values of this node's Authentication-Results fields. The result of the chain is taken from them only. */
  readonly results: readonly string[]
  /** Unix milliseconds. */
  readonly now: number
}

export type SealResult =
  /** `fields` are the three complete fields of a new set with CRLF, to be added on top. */
  | {
      readonly kind: 'sealed'
      readonly fields: Buffer
      readonly instance: number
      readonly selector: string
      readonly domain: string
    }
  | { readonly kind: 'unsealed'; readonly reason: string }

export interface Sealer {
  /** Adds a set to the chain of a message. Rejects only on a bug. */
  seal(content: Content, options: SealOptions): Promise<SealResult>
}
