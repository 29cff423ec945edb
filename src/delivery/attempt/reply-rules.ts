// Which rule fits a server's refusal, and what follows from it: a class for people, and for the next attempt its time, its scope and
// whether the destination is left alone for a while. Rules are data (src/delivery/default-replies.yaml and the operator's files); no rule, no effect.

import type { Scope } from '../../queue/contract/outcome.ts'
import type { ReplyClass } from '../../smtp/reply-class.ts'
import type { PeerReply, Phase } from '../smtp-client/transport.ts'

export interface ReplyRule {
  readonly name: string
  readonly class: ReplyClass
  /** Host names, `*.name` for all below; any of them. */
  readonly host?: readonly string[] | undefined
  /** `450`, `45x`, `4xx`. */
  readonly code?: readonly string[] | undefined
  /** `4.7.1`, `*.7.*`. */
  readonly status?: readonly string[] | undefined
  /** May hold groups named seconds, minutes or hours: the server's own word about when to come again. */
  readonly text?: RegExp | undefined
  readonly at?: readonly Phase[] | undefined
  readonly treat?: 'temporary' | 'permanent' | undefined
  readonly scope?: Scope | undefined
  /** Ms until the next attempt, where the reply names no time itself. */
  readonly retry?: number | undefined
  /** Ms to leave the whole destination alone. */
  readonly pause?: number | undefined
  /** For the operator. */
  readonly advice?: string | undefined
  /** Who may help: URL or address. */
  readonly contact?: string | undefined
}

export interface Classification {
  readonly rule: string
  readonly class: ReplyClass
  readonly treat: 'temporary' | 'permanent' | null
  readonly scope: Scope | null
  readonly retryMs: number | null
  readonly pauseMs: number
  readonly advice: string | null
}

export interface ReplyRules {
  /** By the first rule that fits; null if none does. */
  classify(reply: PeerReply, where: { readonly host: string; readonly phase: Phase }): Classification | null
}

/** Characters of a reply that patterns look at: enough for every explanation, and a bound for slow patterns. */
const LOOKED_AT = 1500
/** A server's own word about the time is believed within these, ms: nobody waits a week because a reply says so. */
const SOONEST = 30_000
const LATEST = 4 * 3_600_000
/** Added to a hinted time: coming a second too early starts the wait anew. */
const HINT_MARGIN = 15_000

const unitMs = { seconds: 1000, minutes: 60_000, hours: 3_600_000 } as const

export function createReplyRules(rules: readonly ReplyRule[]): ReplyRules {
  return {
    classify: (reply, where) => {
      const text = plainText(reply)
      for (const rule of rules) {
        const match = fits(rule, { reply, text, ...where })
        if (match) return classification(rule, match)
      }
      return null
    },
  }
}

interface Said {
  readonly reply: PeerReply
  readonly text: string
  readonly host: string
  readonly phase: Phase
}

/** Null if it does not fit; the groups of its pattern if it does. */
function fits(rule: ReplyRule, said: Said): Readonly<Record<string, string | undefined>> | null {
  const { reply, host, phase } = said
  if (rule.code && !rule.code.some((code) => matchesCode(code, reply.code))) return null
  if (rule.status && !rule.status.some((status) => matchesStatus(status, reply.enhanced))) return null
  // A peer that does not wait for the end of the message answers it all the same.
  if (rule.at && !rule.at.includes(phase === 'body' ? 'dot' : phase)) return null
  if (rule.host && !rule.host.some((pattern) => matchesHost(pattern, host))) return null
  if (!rule.text) return {}
  const match = rule.text.exec(said.text)
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
  const wanted = pattern.toLowerCase()
  return wanted.startsWith('*.') ? name.endsWith(wanted.slice(1)) : name === wanted
}

/** Mail addresses: servers repeat those that we named, and whoever writes to `greylist@` must not choose what a reply means. */
const ADDRESSES = /<[^<>]*@[^<>]*>|(?:"[^"]*"|[^\s<>:;,()"]+)@[^\s<>:;,()]+/g

/** One line without addresses, and without the codes and statuses that every line of a reply repeats. */
function plainText(reply: PeerReply): string {
  return reply.verbatim
    .slice(0, LOOKED_AT)
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
    advice: words.length > 0 ? words.join(' ') : null,
  }
}

/** The time that the reply names, within bounds. */
function hinted(groups: Readonly<Record<string, string | undefined>>): number | null {
  let ms = 0
  for (const [unit, factor] of Object.entries(unitMs)) ms += Number(groups[unit] ?? 0) * factor
  if (!(ms > 0)) return null
  return Math.min(LATEST, Math.max(SOONEST, ms + HINT_MARGIN))
}
