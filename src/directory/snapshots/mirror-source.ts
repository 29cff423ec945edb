// The contract of what can be mirrored: the whole directory at once, or why not.
// Room: directory. Half a directory is never handed over as a whole one.

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
