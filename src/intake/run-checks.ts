// Runs the role's checks over a whole mail, stops at the first refusal, merges what the others found.

import { mergeResults } from '../message/results-field.ts'
import type { Event } from '../observe/events.ts'
import type { ContentCheck, FieldEdit, Mail } from '../policy/check.ts'
import type { Origin } from '../smtp/origin.ts'
import type { Refusal } from '../smtp/reply.ts'

export type Findings =
  | { readonly kind: 'refused'; readonly reply: Refusal }
  | {
      readonly kind: 'passed'
      readonly origin: Origin
      readonly senderProven: boolean
      /** Value of the Authentication-Results field to add, or null. */
      readonly results: string | null
      /** Other fields to take out and to add. */
      readonly fields: readonly FieldEdit[]
      readonly events: readonly Event[]
    }

/** Who authenticated here, or is ourselves, needs no other proof of being the sender. */
function provenByOrigin(origin: Origin): boolean {
  return origin.kind === 'user' || origin.kind === 'machine' || origin.kind === 'local'
}

export async function runChecks(checks: readonly ContentCheck[], mail: Mail): Promise<Findings> {
  let origin = mail.origin
  let senderProven = provenByOrigin(origin)
  let results: string | null = null
  const fields: FieldEdit[] = []
  const events: Event[] = []
  for (const check of checks) {
    const finding = await check({ ...mail, origin })
    if (finding.verdict.kind !== 'accept') return { kind: 'refused', reply: finding.verdict.reply }
    origin = finding.origin ?? origin
    senderProven ||= finding.senderProven ?? false
    if (finding.results !== undefined)
      results = results === null ? finding.results : mergeResults(results, finding.results)
    if (finding.fields) fields.push(finding.fields)
    events.push(...(finding.events ?? []))
  }
  return { kind: 'passed', origin, senderProven, results, fields, events }
}
