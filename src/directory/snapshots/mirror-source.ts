// The contract of a source that can be mirrored: its whole content at once, or why not. A part is never returned as the whole.

import type { SourceContent } from './source-content.ts'

export type Fetched =
  | { readonly kind: 'whole'; readonly content: SourceContent }
  /** The answer is a part only: a size limit, a referral, a page that broke off. */
  | { readonly kind: 'partial'; readonly cause: string }
  | { readonly kind: 'unavailable'; readonly cause: string }

export interface MirrorSource {
  /** Reads the whole content. Failures of the source are values, not errors. `signal` ends it early. */
  fetch(signal: AbortSignal): Promise<Fetched>
  close(): Promise<void>
}
