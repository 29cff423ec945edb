// What routing data want for mail that leaves by a forward: the entries on the way, the nearest to the target first, then the domain it goes to.
// Room: route.

import type { Directory, ForwardAction, ForwardWords, SpamCeiling } from '../directory/directory.ts'
import type { ForwardTerms } from './resolution.ts'

/** What the entries on the way have said so far. */
export interface Wanted {
  readonly action?: ForwardAction
  readonly ceiling?: SpamCeiling
}

/** The same below this entry, whose own words come before those above it. */
export function wantedBelow(above: Wanted, entry: ForwardWords): Wanted {
  return { ...picked(above), ...said(entry) }
}

/** The terms of a copy that leaves for this domain. */
export function termsFor(directory: Directory, wanted: Wanted, domain: string): ForwardTerms {
  const policy = directory.forwardPolicy?.(domain)
  const { action = null, ceiling } = { ...(policy ? said(policy) : {}), ...picked(wanted) }
  return { action, ...(ceiling ? { ceiling } : {}) }
}

/** Of a larger object only what is wanted. */
function picked({ action, ceiling }: Wanted): Wanted {
  return { ...(action ? { action } : {}), ...(ceiling ? { ceiling } : {}) }
}

function said({ whenDmarcWouldFail: treatment, spamCeiling: score, source }: ForwardWords): Wanted {
  return {
    ...(treatment === undefined ? {} : { action: { treatment, source } }),
    ...(score === undefined ? {} : { ceiling: { score, source } }),
  }
}
