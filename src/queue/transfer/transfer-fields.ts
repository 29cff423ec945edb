// The fields of a transferred message, each with the rule that SMTP has for it. A peer writes them into this node's queue, and delivery,
// bounces, logs and commands read them without another check.

import { z } from 'zod'
import { isQueueId } from '../../lib/ids.ts'
import { eventKinds } from '../../observe/events.ts'
import { ENVID_OCTETS } from '../../smtp/address-limits.ts'
import { asciiDomain, isAscii } from '../../smtp/domain.ts'
import { normalizeMailbox } from '../../smtp/mailbox.ts'
import { formatNextHop, parseNextHop } from '../../smtp/nexthop.ts'
import { isNotify, isOrcpt } from '../../smtp/parameters.ts'
import { replyClasses } from '../../smtp/reply-class.ts'
import { encodeXtext } from '../../smtp/xtext.ts'

/** 9999-12-31: a later time has no date in a header field (RFC 5322 3.3) and no form in a log. */
const LATEST_MS = 253_402_300_799_999
/** Longest reply that delivery keeps. */
const REPLY_LENGTH = 4096
/** Longest name of a host with its address and port, and of a user. */
const NAME_LENGTH = 512
/** Attempts: one each second for a year. */
const MOST_ATTEMPTS = 31_536_000
/** Events nest results of TLS one level deep. */
const EVENT_DEPTH = 4

const whole = z.int().min(0)
export const time = whole.max(LATEST_MS)
export const octets = whole
export const attempts = whole.max(MOST_ATTEMPTS)

/** Text without control characters. */
const printable = z.string().regex(/^[^\p{Cc}\p{Zl}\p{Zp}]*$/u, { error: 'found a control character' })
const name = printable.min(1).max(NAME_LENGTH)

export const queueId = z.string().refine(isQueueId, { error: 'not a queue ID' })

/** RFC 5321 4.1.2, in the printed form that the queue stores. */
export const mailbox = z.string().transform((written, context) => {
  const address = normalizeMailbox(written)
  if (address === null) context.addIssue('not a mailbox')
  return address ?? ''
})

/** The written form of a next hop. Whether this node may use it is decided in transfer-rules.ts. */
export const nextHop = z.string().transform((written, context) => {
  const hop = printable.safeParse(written).success ? parseNextHop(written) : null
  const isValid = hop !== null && (hop.kind !== 'mx' || isRealDomain(hop.domain))
  if (!isValid) context.addIssue('not a next hop')
  return isValid ? formatNextHop(hop) : ''
})

function isRealDomain(domain: string): boolean {
  return asciiDomain(domain) === domain || /^\[[^\]\s]+\]$/.test(domain)
}

/** RFC 3461 4.4: decoded; as xtext it fits the parameter. */
export const envid = z
  .string()
  .regex(/^[\x20-\x7e]*$/)
  .refine((text) => encodeXtext(text).length <= ENVID_OCTETS, { error: `longer than ${ENVID_OCTETS} octets` })

/** RFC 3461 4.1. */
export const notify = z
  .array(z.enum(['NEVER', 'SUCCESS', 'FAILURE', 'DELAY']))
  .refine((words) => words.length === 0 || isNotify(words), { error: 'NEVER stands alone' })

/** RFC 3461 4.2: `type;address`, decoded. */
export const orcpt = z.string().refine(isOrcpt, { error: 'not an original recipient' })

/** RFC 3463 section 2; empty if the remote host gave none. */
const status = z.string().regex(/^(?:[245]\.\d{1,3}\.\d{1,3})?$/)
/** The lines of a reply. */
const reply = z
  .string()
  .max(REPLY_LENGTH)
  .refine((text) => text.split('\n').every((line) => printable.safeParse(line).success), {
    error: 'found a control character',
  })

export const lastAttempt = z.object({
  at: time,
  status,
  reply,
  host: name.nullable(),
  // A newer node may know more classes than this one.
  replyClass: z.enum(replyClasses).nullable().catch(null),
})

export const origin = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('internet') }),
  z.object({
    kind: z.literal('peer'),
    role: name,
    vouched: z.enum(['authenticated', 'dmarc-pass', 'sender-pass', 'nothing']),
  }),
  z.object({ kind: z.literal('user'), identity: name }),
  z.object({ kind: z.literal('machine'), identity: name }),
  z.object({ kind: z.literal('local') }),
])

/** An event of the ledger. Its texts were written for the log of another node, so characters that could forge a line are replaced. */
export const event = z
  .looseObject({ kind: z.enum(eventKinds), at: time, queueId: z.string().nullable() })
  .transform((written, context) => {
    const clean = cleanValue(written, EVENT_DEPTH)
    if (clean === undefined) context.addIssue('an event is nested too deeply')
    return (clean ?? {}) as typeof written
  })

/** Undefined if the value is nested too deeply. */
function cleanValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return isAscii(value) && /^[ -~]*$/.test(value) ? value : cleanText(value)
  if (typeof value !== 'object' || value === null) return value
  if (depth === 0) return undefined
  if (Array.isArray(value)) {
    const items = value.map((item: unknown) => cleanValue(item, depth - 1))
    return items.includes(undefined) ? undefined : items
  }
  const entries = Object.entries(value).map(([key, item]) => [cleanText(key), cleanValue(item, depth - 1)] as const)
  return entries.some(([, item]) => item === undefined) ? undefined : Object.fromEntries(entries)
}

function cleanText(text: string): string {
  return text.replaceAll(/[^\P{Cc}\n]|[\p{Zl}\p{Zp}]/gu, '\ufffd')
}
