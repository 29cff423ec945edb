// What the large mailbox providers (Google, Yahoo, Microsoft; since 2024 and 2025) demand of the messages themselves. What they demand of
// the DNS and of the host is in cli/mail/sender-host.ts. A message that breaks such a rule is often refused or marked as spam there, so
// that operators want to see it before they send. TLS, which they demand too, is used wherever the other side offers it.

import { domainOf } from '../smtp/mailbox.ts'
import { isAscii } from '../smtp/domain.ts'
import { parseDate } from './date.ts'
import { readAuthors } from './from.ts'
import { type Field, fieldsNamed } from './header.ts'

export type SenderRule =
  | 'one-author'
  | 'single-fields'
  | 'date'
  | 'message-id'
  | 'line-length'
  | 'ascii-header'
  | 'one-click'
  | 'dkim-aligned'
  | 'spf-aligned'
  | 'dmarc-record'
  | 'host-name'

export interface RuleFinding {
  readonly rule: SenderRule
  /** `bulk`: only for mail to many, from some 5000 messages a day on. */
  readonly applies: 'every' | 'bulk'
  /** What is wrong, and what to do. */
  readonly text: string
}

export interface LintedMessage {
  readonly fields: readonly Field[]
  /** Octets of the longest line, without its CRLF. */
  readonly longestLine: number
  /** The node adds a missing Date: and Message-ID:. */
  readonly addsMissing: boolean
  /** Unix milliseconds. */
  readonly now: number
}

/** RFC 5322 2.1.1. */
const MAX_LINE = 998
/** RFC 5322 3.6: at most one of each. */
const single = ['date', 'message-id', 'subject', 'to', 'cc', 'reply-to', 'sender', 'in-reply-to', 'references'] as const
/** A date further away than this looks forged, ms. */
const DAY_MS = 86_400_000
const MOST_AGE_MS = 7 * DAY_MS
const messageId = /^<[^<>@\s]+@[^<>@\s]+>$/

/** The broken rules, in the order of importance. Empty if there are none. */
export function lintMessage(message: LintedMessage): readonly RuleFinding[] {
  const { fields } = message
  return [
    ...authorFindings(fields),
    ...singleFindings(fields),
    ...dateFindings(message),
    ...idFindings(message),
    ...shapeFindings(message),
    ...oneClickFindings(fields),
  ]
}

/** The domain of the only author; null if there is not exactly one. */
export function authorDomain(fields: readonly Field[]): string | null {
  const { addresses } = readAuthors(fields)
  const [only, ...others] = addresses
  return only !== undefined && others.length === 0 ? domainOf(only).toLowerCase() : null
}

/** RFC 8058 3.1: a link by HTTPS, and the field that says that one POST is enough. */
export function hasOneClick(fields: readonly Field[]): boolean {
  return oneClickFindings(fields).length === 0
}

function every(rule: SenderRule, text: string): RuleFinding {
  return { rule, applies: 'every', text }
}

function authorFindings(fields: readonly Field[]): RuleFinding[] {
  const { addresses, problems } = readAuthors(fields)
  if (problems.length > 0) return [every('one-author', `From: is not clear: ${problems.join('; ')}`)]
  if (addresses.length === 1) return []
  return [
    every(
      'one-author',
      `From: has ${addresses.length === 0 ? 'no address' : `${addresses.length} addresses`}, expected one`,
    ),
  ]
}

function singleFindings(fields: readonly Field[]): RuleFinding[] {
  return single.flatMap((name) => {
    const count = fieldsNamed(fields, name).length
    return count > 1 ? [every('single-fields', `${count} ${name} fields, expected one (RFC 5322 3.6)`)] : []
  })
}

function dateFindings({ fields, addsMissing, now }: LintedMessage): RuleFinding[] {
  const [field] = fieldsNamed(fields, 'date')
  if (!field) return addsMissing ? [] : [every('date', 'Date: is missing')]
  const date = parseDate(field.value)
  if (date === null) return [every('date', 'Date: is not a date of RFC 5322 3.3')]
  if (date > now + DAY_MS) return [every('date', 'Date: is in the future')]
  return date < now - MOST_AGE_MS ? [every('date', 'Date: is more than a week old')] : []
}

function idFindings({ fields, addsMissing }: LintedMessage): RuleFinding[] {
  const [field] = fieldsNamed(fields, 'message-id')
  if (!field) return addsMissing ? [] : [every('message-id', 'Message-ID: is missing')]
  return messageId.test(field.value.trim())
    ? []
    : [every('message-id', 'Message-ID: is not of the form <unique@domain> (RFC 5322 3.6.4)')]
}

function shapeFindings({ fields, longestLine }: LintedMessage): RuleFinding[] {
  const eightBit = fields.filter(({ raw }) => !isAscii(raw.toString('latin1'))).map(({ name }) => name)
  return [
    ...(longestLine > MAX_LINE
      ? [every('line-length', `a line of ${longestLine} octets, at most ${MAX_LINE} are allowed (RFC 5322 2.1.1)`)]
      : []),
    ...(eightBit.length > 0
      ? [
          every(
            'ascii-header',
            `8-bit characters in ${[...new Set(eightBit)].join(', ')}, expected encoded words (RFC 2047)`,
          ),
        ]
      : []),
  ]
}

function oneClickFindings(fields: readonly Field[]): RuleFinding[] {
  const value = (name: string) => fieldsNamed(fields, name)[0]?.value ?? null
  const problems = [
    ...linkProblem(value('list-unsubscribe')),
    ...(value('list-unsubscribe-post')?.trim().toLowerCase() === 'list-unsubscribe=one-click'
      ? []
      : ['List-Unsubscribe-Post: List-Unsubscribe=One-Click is missing']),
  ]
  return problems.map((text) => ({ rule: 'one-click', applies: 'bulk', text: `${text} (RFC 8058 3.1)` }))
}

function linkProblem(value: string | null): string[] {
  if (value === null) return ['List-Unsubscribe: is missing']
  return /<\s*https:\/\/[^>\s]+\s*>/i.test(value) ? [] : ['List-Unsubscribe: has no https link']
}
