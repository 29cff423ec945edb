// The mark of our own reports to the operator. Without it a report that cannot be delivered would be reported to the operator, and so on.
// Whoever forges it only saves the operator a report about his own bounce.

import { fieldsNamed, readFields } from '../message/header.ts'

/** What the operator gets: a copy of what a sender was told, or news of a bounce that failed. */
export type OperatorReport = 'copy' | 'double-bounce'

export const OPERATOR_MARK = 'X-Waypost-Report'

export function isOperatorReport(header: Buffer): boolean {
  return fieldsNamed(readFields(header), OPERATOR_MARK.toLowerCase()).length > 0
}
