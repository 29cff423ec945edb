// What is missing or wrong in the header section (RFC 5322 3.6).

import { isUtf8 } from 'node:buffer'
import { parseDate } from '../../message/date.ts'
import type { Field } from '../../message/header.ts'
import { readShownAuthors } from '../../message/shown-authors.ts'
import type { Evidence } from '../evidence.ts'
import { observedIf } from './observe.ts'

/** RFC 5322 3.6, the fields with a maximal number of 1. */
const onlyOnce: ReadonlySet<string> = new Set([
  'date',
  'from',
  'sender',
  'reply-to',
  'to',
  'cc',
  'bcc',
  'message-id',
  'in-reply-to',
  'references',
  'subject',
])

const DAY_MS = 86_400_000
/** Clocks and time zones are wrong by hours, not by days. */
const MOST_AHEAD_MS = DAY_MS
/** Servers try for five days; some mail is written offline. */
const MOST_OLD_MS = 14 * DAY_MS

/** @param now unix milliseconds */
export function headerEvidence(header: Buffer, fields: readonly Field[], now: number): readonly Evidence[] {
  const counts = new Map<string, number>()
  for (const { key } of fields) counts.set(key, (counts.get(key) ?? 0) + 1)
  const repeated = [...counts].filter(([key, count]) => count > 1 && onlyOnce.has(key)).map(([key]) => key)
  const date = fields.find(({ key }) => key === 'date')
  const { problem } = readShownAuthors(fields)
  return observedIf(
    ['NO_FROM', !counts.has('from')],
    ['UNCLEAR_FROM', problem !== null, problem ?? ''],
    ['NO_DATE', date === undefined],
    ['WRONG_DATE', date !== undefined && isWrong(date.value, now), date?.value.slice(0, 40)],
    ['NO_MESSAGE_ID', !counts.has('message-id')],
    ['NO_SUBJECT', !counts.has('subject')],
    ['REPEATED_FIELD', repeated.length > 0, repeated.join(', ')],
    ['UNKNOWN_CHARACTERS', !isUtf8(header)],
  )
}

function isWrong(text: string, now: number): boolean {
  const at = parseDate(text)
  return at === null || at - now > MOST_AHEAD_MS || now - at > MOST_OLD_MS
}
