// The spam score from which on a copy is not forwarded: a forward lends our good name to what it passes on, so it takes less than the
// organisation itself does. The nearest word counts: the forward's, its destination's domain, the node's. Pure.

import type { ForwardTerms } from '../route/resolution.ts'
import { formatScore } from './spam-score.ts'

/** Where nothing else is said; null for none. */
export type UsualCeiling = number | null

/** Why the copy is not forwarded, as a sentence for the ledger; null if it may go. */
export function overCeiling(score: number | null, { ceiling }: ForwardTerms, usual: UsualCeiling): string | null {
  const limit = ceiling ? ceiling.score : usual
  if (score === null || limit === null || score < limit) return null
  return `spam score ${formatScore(score)} at or above ${formatScore(limit)} by ${ceiling?.source ?? 'configuration'}`
}

/** The same for a mail that another node forwards to several: it is refused here only if all of them would be refused there. */
export function overAllCeilings(
  score: number | null,
  terms: readonly ForwardTerms[],
  usual: UsualCeiling,
): string | null {
  const reasons = terms.map((one) => overCeiling(score, one, usual))
  return reasons.every((reason) => reason !== null) ? (reasons[0] ?? null) : null
}
