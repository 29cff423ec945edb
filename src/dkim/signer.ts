// Signing with DKIM (RFC 6376, RFC 8463). Whether a mail may be signed is the caller's question (smtp/origin.ts); this room knows keys.

import type { Content } from '../message/content.ts'

export type SignResult =
  /** `fields` are complete DKIM-Signature header fields with CRLF, to be put on top. */
  | {
      readonly kind: 'signed'
      readonly fields: Buffer
      readonly signatures: readonly { readonly domain: string; readonly selector: string; readonly algorithm: string }[]
    }
  | { readonly kind: 'unsigned'; readonly reason: string }

export interface Signer {
  /** Is there an active key for the domain of this From: (or a parent that is configured to sign for it)? */
  signsFor(domain: string): boolean
  /** Does that active key sign for the domain here? Then `sign` itself sees whether a signature by it still holds. */
  hasKey(domain: string, selector: string): boolean
  /** Signs for the From: domain with every active key (rsa-sha256 and ed25519-sha256). Rejects only on a bug. */
  sign(content: Content, options: { readonly fromDomain: string; readonly now: number }): Promise<SignResult>
}
