// The spam score from which a copy is not forwarded. A forward uses our reputation, so it accepts less spam than our own domains do. The most
// specific ceiling applies: that of the forward, of the destination's domain, or of the node.

import type { ForwardTerms } from '../route/resolution.ts'
import { formatScore } from './spam-score.ts'

/** For forwards without a ceiling; null means no limit. */
export type DefaultCeiling = number | null

/** Why the copy is not forwarded, for the ledger; null if it may be. */
export function overCeiling(
  score: number | null,
  { ceiling }: ForwardTerms,
  defaultCeiling: DefaultCeiling,
): string | null {
  const limit = ceiling ? ceiling.score : defaultCeiling
  if (score === null || limit === null || score < limit) return null
  return `spam score ${formatScore(score)} at or above ${formatScore(limit)} by ${ceiling?.source ?? 'configuration'}`
}

/** The same for a message that another fleet node forwards: refused here only if that node would refuse all of its forwards. */
export function overAllCeilings(
  score: number | null,
  terms: readonly ForwardTerms[],
  defaultCeiling: DefaultCeiling,
): string | null {
  const reasons = terms.map((one) => overCeiling(score, one, defaultCeiling))
  return reasons.every((reason) => reason !== null) ? (reasons[0] ?? null) : null
}
