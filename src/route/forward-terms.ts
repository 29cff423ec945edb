// The terms of a forward: those of the entries that led to it, the nearest to the target first, then those of its foreign domain.

import type { Directory, ForwardAction, ForwardWords, SpamCeiling } from '../directory/directory.ts'
import type { ForwardTerms } from './resolution.ts'

/** The terms of the entries so far. */
export interface Wanted {
  readonly action?: ForwardAction
  readonly ceiling?: SpamCeiling
}

/** The terms below this entry; its own override those above it. */
export function wantedBelow(above: Wanted, entry: ForwardWords): Wanted {
  return { ...wantedOf(above), ...termsIn(entry) }
}

/** The terms of a copy to this foreign domain. */
export function termsFor(directory: Directory, wanted: Wanted, domain: string): ForwardTerms {
  const policy = directory.forwardPolicy?.(domain)
  const { action = null, ceiling } = { ...(policy ? termsIn(policy) : {}), ...wantedOf(wanted) }
  return { action, ...(ceiling ? { ceiling } : {}) }
}

function wantedOf({ action, ceiling }: Wanted): Wanted {
  return { ...(action ? { action } : {}), ...(ceiling ? { ceiling } : {}) }
}

function termsIn({ whenDmarcWouldFail: treatment, spamCeiling: score, source }: ForwardWords): Wanted {
  return {
    ...(treatment === undefined ? {} : { action: { treatment, source } }),
    ...(score === undefined ? {} : { ceiling: { score, source } }),
  }
}
