// The contract of a source that can be mirrored: its whole content at once, or why not. A part is never returned as the whole.

import type { SourceContent } from './source-content.ts'

export type Fetched =
  | { readonly kind: 'whole'; readonly content: SourceContent }
  /** The source answered, but not with everything: a size limit, a referral, a page that broke off. */
  | { readonly kind: 'partial'; readonly cause: string }
  | { readonly kind: 'unavailable'; readonly cause: string }

export interface MirrorSource {
  /** Reads everything. Never throws for what a source can do. `signal` ends it early. */
  fetch(signal: AbortSignal): Promise<Fetched>
  close(): Promise<void>
}
