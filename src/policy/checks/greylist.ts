// Asks suspicious mail of strangers to come back later (greylisting, RFC 6647): mail servers do, most programs that send spam do not. It is
// advice: without a table, or without a place in it, the mail passes. Decision 0039 says why most of it is decided at the end of data.

import type { Authentication } from '../../filter/authentication.ts'
import { siteNetwork } from '../../lib/ip-address.ts'
import type { CheckedEvent } from '../../observe/events.ts'
import { domainOf } from '../../smtp/mailbox.ts'
import { refusal } from '../../smtp/reply.ts'
import type { Session } from '../../smtp/session.ts'
import type { Greylist, GreylistAnswer, GreylistRules } from '../../state/greylist-contract.ts'
import type { Check, Finding, Mail, RecipientFacts } from '../check.ts'
import {
  chosenReasons,
  clientReasons,
  exemption,
  type GreylistReason,
  messageReasons,
  type Reason,
} from '../greylist-reasons.ts'
import { accept, refuse } from '../verdict.ts'

export interface GreylistSettings {
  readonly rules: GreylistRules
  /** Reasons for which mail waits. */
  readonly when: readonly GreylistReason[]
  /** The spam score of the reason `score`; null: only by the action of rspamd. */
  readonly points: number | null
  /** Recipients of which clients wait at RCPT: listed ones without a name, those with one of the two, or none. */
  readonly beforeData: 'both' | 'either' | 'never'
}

/** The result of each judgement, for the metrics. `early`: it came back before its time. */
export type GreylistCount = Exclude<GreylistAnswer['kind'], 'wait'> | 'greylisted' | 'early' | 'exempt'

export interface GreylistParts {
  /** Null while greylisting is off; a reload changes it. */
  readonly settings: () => GreylistSettings | null
  readonly table: Greylist
  readonly count: (result: GreylistCount) => void
}

/** The table answers within a millisecond; a table that does not has nothing to say. */
const DEADLINE_MS = 5000
const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS
/** Domains of one message that find its entry. Honest mail has one or two. */
const MAX_DOMAINS = 4

const passed: Finding = { verdict: accept }

/** Comes last at each stage: it needs the resolution of the recipient, the score of the message, and what is proven. */
export function greylistCheck(parts: GreylistParts): Check {
  // A client that came back at RCPT is known at the end of data; the ledger shows how long it waited.
  const returned = new WeakMap<Session, number>()
  return {
    name: 'greylist',
    deadline: { ms: DEADLINE_MS, expired: 'pass' },
    rcpt: async (facts) => {
      const settings = parts.settings()
      if (!settings || facts.origin.kind !== 'internet') return passed
      const answer = await judgeRecipient(parts, settings, facts)
      if (answer === null) return passed
      if (answer.kind === 'came-back') returned.set(facts.session, answer.after)
      return answer.kind === 'wait' ? waiting(answer, facts) : passed
    },
    message: async (mail) => {
      const settings = parts.settings()
      if (!settings || mail.origin.kind !== 'internet' || mail.session === null) return passed
      const after = returned.get(mail.session)
      returned.delete(mail.session)
      return judgeMessage(parts, settings, { ...mail, session: mail.session, after })
    },
  }
}

/** Null if the recipient need not wait. */
async function judgeRecipient(
  { table, count }: GreylistParts,
  settings: GreylistSettings,
  facts: RecipientFacts,
): Promise<(GreylistAnswer & { readonly reasons: readonly Reason[] }) | null> {
  const { session, sender, forwardPath, resolution, evidence, trust, at } = facts
  const reasons = chosenReasons(clientReasons(session, evidence), settings.when)
  const needed = { both: 2, either: 1, never: Number.POSITIVE_INFINITY }[settings.beforeData]
  if (reasons.length < needed) return null
  // A sender on the own allow list is proven at the end of data.
  if (trust?.kind === 'pending') return null
  if (exemption({ forwardPaths: [forwardPath], resolutions: [resolution], evidence, trust }) !== null) return null
  const attempt = { client: session, sender, forwardPaths: [forwardPath], domains: [], reasons, at }
  const answer = await table.judge(attemptOf(attempt), settings.rules)
  count(counted(answer))
  return { ...answer, reasons }
}

type StrangersMail = Mail & {
  readonly session: Session
  /** It came back at RCPT after this time, milliseconds. */
  readonly after: number | undefined
}

async function judgeMessage(
  { table, count }: GreylistParts,
  settings: GreylistSettings,
  mail: StrangersMail,
): Promise<Finding> {
  const { session, sender, recipients: forwardPaths, resolutions, evidence, trust, authentication, at } = mail
  const found = [...clientReasons(session, evidence), ...messageReasons(mail, settings.points)]
  const reasons = chosenReasons(found, settings.when)
  if (reasons.length === 0) return passed
  const exempt = exemption({ forwardPaths, resolutions, evidence, trust })
  if (exempt !== null) {
    count('exempt')
    return recorded(mail, 'exempt', `${exempt}; ${textOf(reasons)}`)
  }
  const domains = authentication ? provenDomains(authentication).slice(0, MAX_DOMAINS) : []
  const attempt = { client: session, sender, forwardPaths, domains, reasons, at }
  const answer = await table.judge(attemptOf(attempt), settings.rules)
  count(counted(answer))
  if (answer.kind === 'wait') return waiting({ ...answer, reasons }, mail)
  const { after } = mail
  if (after !== undefined && answer.kind === 'known') return recorded(mail, 'came-back', cameBack(after))
  return recorded(mail, answer.kind, `${describe(answer)}; ${textOf(reasons)}`)
}

/** The signer of the author's domain first: it stays the same when the sender changes its hosts. */
function provenDomains({ spf, dkim }: Authentication): readonly string[] {
  const signers = dkim.filter(({ result }) => result === 'pass')
  const domains = [
    ...signers.filter(({ aligned }) => aligned).map(({ domain }) => domain),
    ...(spf.result === 'pass' && spf.domain !== null ? [spf.domain] : []),
    ...signers.filter(({ aligned }) => !aligned).map(({ domain }) => domain),
  ]
  return [...new Set(domains.map((domain) => domain.toLowerCase()))]
}

interface Attempted {
  readonly client: Session
  readonly sender: string | null
  readonly forwardPaths: readonly string[]
  readonly domains: readonly string[]
  readonly reasons: readonly Reason[]
  readonly at: number
}

function attemptOf({ client, sender, forwardPaths, domains, reasons, at }: Attempted) {
  const network = siteNetwork(client.remoteIp)
  return {
    origins: [...domains, network],
    network,
    sender: sender === null ? '' : domainOf(sender).toLowerCase(),
    recipients: [...new Set(forwardPaths.map((one) => one.toLowerCase()))],
    reason: reasons[0]?.name ?? 'score',
    at,
  }
}

function counted(answer: GreylistAnswer): GreylistCount {
  if (answer.kind !== 'wait') return answer.kind
  return answer.isFirst ? 'greylisted' : 'early'
}

function waiting(
  answer: Extract<GreylistAnswer, { readonly kind: 'wait' }> & { readonly reasons: readonly Reason[] },
  { at }: { readonly at: number },
): Finding {
  const minutes = Math.max(1, Math.ceil((answer.until - at) / MINUTE_MS))
  const attempt = answer.isFirst ? 'first attempt' : 'came back too early'
  const cause = `greylist: ${attempt}, passes from ${new Date(answer.until).toISOString()}; ${textOf(answer.reasons)}`
  const wait = minutes === 1 ? '1 minute' : `${minutes} minutes`
  return {
    verdict: refuse(
      refusal(451, '4.7.1', `Greylisted, because this sender is new here: please try again in ${wait}`, cause),
    ),
  }
}

function recorded({ at, queueId }: Mail, result: string, detail: string): Finding {
  const event: CheckedEvent = { kind: 'checked', at, queueId, check: 'greylist', result, detail }
  return { verdict: accept, events: [event] }
}

function describe(answer: Exclude<GreylistAnswer, { readonly kind: 'wait' }>): string {
  switch (answer.kind) {
    case 'came-back':
      return cameBack(answer.after)
    case 'known':
      return `came back before, at ${new Date(answer.since).toISOString()}`
    case 'full':
      return 'no place for a new entry'
    case 'unavailable':
      return answer.cause
  }
}

function cameBack(after: number): string {
  return `came back after ${span(after)}`
}

/** Whole minutes or hours are enough: retries come at the times of the other server. */
function span(ms: number): string {
  if (ms < MINUTE_MS) return `${Math.round(ms / 1000)} s`
  if (ms < DAY_MS / 12) return `${Math.round(ms / MINUTE_MS)} min`
  return `${Math.round((ms * 24) / DAY_MS)} h`
}

function textOf(reasons: readonly Reason[]): string {
  return reasons.map(({ text }) => text).join(', ')
}
