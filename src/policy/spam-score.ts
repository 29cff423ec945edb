// The result of the spam filter in the Authentication-Results field, with which an mx node passes the score to an srs node under the usual
// trust (decision 0003). `x-spam` is an experimental method (RFC 8601 2.7.6): only fleet nodes use it, and ARC seals leave it out.

import type { SpamFinding } from '../filter/spam-scan.ts'
import type { MethodResult } from '../message/results-field.ts'

export const SPAM_METHOD = 'x-spam'
const SCORE = 'policy.score'
const REQUIRED = 'policy.required'
/** Two decimals, as rspamd displays scores; both nodes compare the same text. */
const HUNDREDTHS = 100

/** The filter's action as one word, for ledger and metrics. */
export function spamResultName(finding: SpamFinding): string {
  return finding.kind === 'unavailable' ? 'unavailable' : finding.action.replaceAll(' ', '-')
}

/** The result for the field. */
export function spamResult(finding: SpamFinding): MethodResult {
  if (finding.kind === 'unavailable') return { method: SPAM_METHOD, result: 'temperror', properties: [] }
  const { score, required } = finding
  const threshold = required === null ? [] : [{ name: REQUIRED, value: formatScore(required) }]
  const properties = [{ name: SCORE, value: formatScore(score) }, ...threshold]
  return { method: SPAM_METHOD, result: spamResultName(finding), properties }
}

/** The score that a fleet node recorded, or null. */
export function readSpamScore(results: readonly MethodResult[]): number | null {
  const found = results.find((one) => one.method === SPAM_METHOD)
  const text = found?.properties.find((one) => one.name === SCORE)?.value
  if (text === undefined || !/^-?\d{1,9}(?:\.\d{1,9})?$/.test(text)) return null
  return Number(text)
}

/** `9.1`, `-0.25`. */
export function formatScore(score: number): string {
  return String(Math.round(score * HUNDREDTHS) / HUNDREDTHS)
}
