// Finds the rule that matches the refusal of a server, and what it sets: a class for people, the time of the next attempt, the scope, and
// a pause of the destination. Rules are data: src/delivery/default-replies.yaml and the files of the operator.

import type { Scope } from '../../queue/contract/outcome.ts'
import type { ReplyClass } from '../../smtp/reply-class.ts'
import type { PeerReply, Phase } from '../smtp-client/transport.ts'

export interface ReplyRule {
  readonly name: string
  readonly class: ReplyClass
  /** Any of these host names, or `*.name` for all names below it. */
  readonly host?: readonly string[] | undefined
  /** `450`, `45x`, `4xx`. */
  readonly code?: readonly string[] | undefined
  /** `4.7.1`, `*.7.*`. */
  readonly status?: readonly string[] | undefined
  /** Groups named seconds, minutes or hours capture the time after which the server expects the next attempt. */
  readonly text?: RegExp | undefined
  readonly at?: readonly Phase[] | undefined
  readonly treat?: 'temporary' | 'permanent' | undefined
  readonly scope?: Scope | undefined
  /** Ms until the next attempt, if the reply does not name a time. */
  readonly retry?: number | undefined
  /** Ms during which the destination is not tried. */
  readonly pause?: number | undefined
  /**
   * True: the server refuses because of connections that are open at the same time, and with others of ours open fewer are enough. False: for
   * another reason. Without it a 421 beside others of ours is taken for the former.
   */
  readonly fewer_connections?: boolean | undefined
  /** What the operator can do. */
  readonly advice?: string | undefined
  /** Page or address of the server's postmaster. */
  readonly contact?: string | undefined
}

export interface Classification {
  readonly rule: string
  readonly class: ReplyClass
  readonly treat: 'temporary' | 'permanent' | null
  readonly scope: Scope | null
  readonly retryMs: number | null
  readonly pauseMs: number
  /** Whether the server refuses because of connections that are open at the same time; null if the rule does not say. */
  readonly fewerConnections: boolean | null
  readonly advice: string | null
}

export interface ReplyRules {
  /** The first rule that matches; null if none does. */
  classify(reply: PeerReply, where: { readonly host: string; readonly phase: Phase }): Classification | null
}

/** Characters of a reply that patterns see. Bounds the time of slow patterns. */
const MATCHED_CHARACTERS = 1500
/** Bounds of a time that a reply names, ms: a reply must not delay mail for a week. */
const SOONEST = 30_000
const LATEST = 4 * 3_600_000
/** Ms added to a time that a reply names: an attempt that is a second too early would restart the wait. */
const HINT_MARGIN = 15_000

const unitMs = { seconds: 1000, minutes: 60_000, hours: 3_600_000 } as const

export function createReplyRules(rules: readonly ReplyRule[]): ReplyRules {
  return {
    classify: (reply, where) => {
      const text = plainText(reply)
      for (const rule of rules) {
        const match = matchRule(rule, { reply, text, ...where })
        if (match) return classification(rule, match)
      }
      return null
    },
  }
}

interface Refusal {
  readonly reply: PeerReply
  readonly text: string
  readonly host: string
  readonly phase: Phase
}

/** The groups of the pattern; null if the rule does not match. */
function matchRule(rule: ReplyRule, refusal: Refusal): Readonly<Record<string, string | undefined>> | null {
  const { reply, host, phase } = refusal
  if (rule.code && !rule.code.some((code) => matchesCode(code, reply.code))) return null
  if (rule.status && !rule.status.some((status) => matchesStatus(status, reply.enhanced))) return null
  // A reply before the end of the message still answers the message.
  if (rule.at && !rule.at.includes(phase === 'body' ? 'dot' : phase)) return null
  if (rule.host && !rule.host.some((pattern) => matchesHost(pattern, host))) return null
  if (!rule.text) return {}
  const match = rule.text.exec(refusal.text)
  return match ? (match.groups ?? {}) : null
}

function matchesCode(pattern: string, code: number): boolean {
  const digits = String(code)
  return pattern.split('').every((digit, at) => digit === 'x' || digit === digits[at])
}

function matchesStatus(pattern: string, status: string): boolean {
  const parts = status.split('.')
  return parts.length === 3 && pattern.split('.').every((part, at) => part === '*' || part === parts[at])
}

function matchesHost(pattern: string, host: string): boolean {
  const name = host.toLowerCase()
  const lower = pattern.toLowerCase()
  return lower.startsWith('*.') ? name.endsWith(lower.slice(1)) : name === lower
}

/** Mail addresses. Servers repeat those of the envelope: mail to `greylist@` must not match a rule for greylisting. */
const ADDRESSES = /<[^<>]*@[^<>]*>|(?:"[^"]*"|[^\s<>:;,()"]+)@[^\s<>:;,()]+/g

/** One line without addresses and without the code and status of each line. */
function plainText(reply: PeerReply): string {
  return reply.verbatim
    .slice(0, MATCHED_CHARACTERS)
    .split('\n')
    .map((line) => line.replace(/^\d{3}[ -]?(?:[245]\.\d{1,3}\.\d{1,3}\s?)?/, ''))
    .join(' ')
    .replace(ADDRESSES, '<>')
    .replace(/\s+/g, ' ')
}

function classification(rule: ReplyRule, groups: Readonly<Record<string, string | undefined>>): Classification {
  const { name, treat = null, scope = null, retry = null, pause = 0, advice, contact } = rule
  const words = [advice, contact === undefined ? undefined : `See ${contact}`].filter((part) => part !== undefined)
  return {
    rule: name,
    class: rule.class,
    treat,
    scope,
    retryMs: hinted(groups) ?? retry,
    pauseMs: pause,
    fewerConnections: rule.fewer_connections ?? null,
    advice: words.length > 0 ? words.join(' ') : null,
  }
}

/** The time that the reply names, within the bounds; null if it names none. */
function hinted(groups: Readonly<Record<string, string | undefined>>): number | null {
  let ms = 0
  for (const [unit, factor] of Object.entries(unitMs)) ms += Number(groups[unit] ?? 0) * factor
  if (!(ms > 0)) return null
  return Math.min(LATEST, Math.max(SOONEST, ms + HINT_MARGIN))
}
