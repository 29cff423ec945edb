// DKIM signing (RFC 6376, RFC 8463). The caller decides which messages may be signed (smtp/origin.ts).

import type { Content } from '../message/content.ts'

export type SignResult =
  /** `fields` are complete DKIM-Signature fields with CRLF, to be added on top. */
  | {
      readonly kind: 'signed'
      readonly fields: Buffer
      readonly signatures: readonly { readonly domain: string; readonly selector: string; readonly algorithm: string }[]
    }
  | { readonly kind: 'unsigned'; readonly reason: string }

export interface Signer {
  /** True if an active key exists for this author domain, or for a parent that is configured to sign for it. */
  signsFor(domain: string): boolean
  /** True if this active key signs for the domain. `sign` then checks for a valid signature by it. */
  hasKey(domain: string, selector: string): boolean
  /** Signs for the From: domain with every active key (rsa-sha256 and ed25519-sha256). Rejects only on a bug. */
  sign(content: Content, options: { readonly fromDomain: string; readonly now: number }): Promise<SignResult>
}
