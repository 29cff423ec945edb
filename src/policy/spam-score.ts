// The spam filter's finding in the Authentication-Results field: how the mx tells the srs, under the same trust as the rest (decision 3).
// `x-spam` is an experimental method (RFC 8601 2.7.6): it means something among our own nodes only, and is sealed for nobody else.

import type { SpamFinding } from '../filter/spam-scan.ts'
import type { MethodResult } from '../message/results-field.ts'

export const SPAM_METHOD = 'x-spam'
const SCORE = 'policy.score'
const REQUIRED = 'policy.required'
/** Digits behind the point: rspamd's own display has two, and both nodes compare the same text. */
const DIGITS = 100

/** The filter's action in one word, for ledger and numbers. */
export function spamWord(finding: SpamFinding): string {
  return finding.kind === 'unavailable' ? 'unavailable' : finding.action.replaceAll(' ', '-')
}

/** What goes into the field. */
export function spamResult(finding: SpamFinding): MethodResult {
  if (finding.kind === 'unavailable') return { method: SPAM_METHOD, result: 'temperror', properties: [] }
  const { score, required } = finding
  const threshold = required === null ? [] : [{ name: REQUIRED, value: formatScore(required) }]
  const properties = [{ name: SCORE, value: formatScore(score) }, ...threshold]
  return { method: SPAM_METHOD, result: spamWord(finding), properties }
}

/** The score that a node of ours has written down, or null if nobody has one. */
export function readSpamScore(results: readonly MethodResult[]): number | null {
  const found = results.find((one) => one.method === SPAM_METHOD)
  const text = found?.properties.find((one) => one.name === SCORE)?.value
  if (text === undefined || !/^-?\d{1,9}(?:\.\d{1,9})?$/.test(text)) return null
  return Number(text)
}

/** `9.1`, `-0.25`. */
export function formatScore(score: number): string {
  return String(Math.round(score * DIGITS) / DIGITS)
}
