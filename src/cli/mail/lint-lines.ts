// Prints the rules of large providers that a message breaks.

import type { RuleFinding } from '../../message/sender-rules.ts'

const applies = { every: '', bulk: ' (bulk mail)' } as const

/** One line for each rule; a sentence if none is broken. */
export function lintLines(findings: readonly RuleFinding[]): string[] {
  if (findings.length === 0) return ['sender rules of large providers: none is broken']
  return [
    `sender rules of large providers: ${findings.length} broken`,
    ...findings.map((one) => `  ${one.rule}${applies[one.applies]}: ${one.text}`),
  ]
}
