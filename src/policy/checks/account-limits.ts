// Limits of what an account sends in an hour and a day, and in a burst. Units count when every other check has accepted the message, so that
// refused mail costs nothing. Refusals are temporary (452) and say when the next message is possible.

import type { Clock } from '../../lib/clock.ts'
import type { Event } from '../../observe/events.ts'
import { domainOf } from '../../smtp/mailbox.ts'
import { isAuthenticated } from '../../smtp/origin.ts'
import type { Authenticated, Origin } from '../../smtp/origin.ts'
import { isTemporary, refusal } from '../../smtp/reply.ts'
import type { Refusal } from '../../smtp/reply.ts'
import type {
  LimitUse,
  Usage,
  UsageAnswer,
  UsageClaim,
  UsageLimit,
  UsageRequest,
  Window,
} from '../../state/usage-contract.ts'
import { accountNames, allNames } from '../account-name.ts'
import type { Check, Finding } from '../check.ts'
import { accept, refuse } from '../verdict.ts'

export interface AccountLimitSettings {
  /** The limits of an account. */
  readonly of: (origin: Authenticated) => readonly UsageLimit[]
  /** Those of each app password, beside those of its user. */
  readonly ofApp: (origin: Authenticated) => readonly UsageLimit[]
  /** Part of a limit from which on the ledger has a warning. */
  readonly warnAt: number
}

export interface AccountLimitPorts {
  readonly usage: Usage
  readonly clock: Pick<Clock, 'now'>
}

const accepted: Finding = { verdict: accept }

/** @param settings null without limits: then the units are only counted */
export function accountLimitsCheck(
  settings: () => AccountLimitSettings | null,
  { usage, clock }: AccountLimitPorts,
): Check {
  const warnings = createWarnings()
  const requestOf = (origin: Authenticated, units: Units) => ({
    claims: claimsOf(settings(), origin),
    at: clock.now(),
    ...units,
  })
  const judge = async (origin: Origin | null, units: Units): Promise<Finding> => {
    if (!isAuthenticated(origin) || settings() === null) return accepted
    return findingOf(await usage.judge(requestOf(origin, units)))
  }
  return {
    name: 'account-limits',
    mail: ({ origin }) => judge(origin, { messages: 1, recipients: 1, domains: [] }),
    rcpt: ({ origin, transaction, forwardPath }) => {
      const all = [...transaction.recipients.map((one) => one.forwardPath), forwardPath]
      return judge(origin, { messages: 1, recipients: all.length, domains: domainsOf(all) })
    },
    message: async ({ origin, recipients, queueId, at }) => {
      if (!isAuthenticated(origin)) return accepted
      const units = { messages: 1, recipients: recipients.length, domains: domainsOf(recipients) }
      const limits = settings()
      const answer = await usage.take(requestOf(origin, units))
      // Without limits a count that is lost refuses no mail.
      if (limits === null) return accepted
      if (answer.kind !== 'fits') return findingOf(answer)
      return { verdict: accept, events: warnings.of(answer.uses, { queueId, at, warnAt: limits.warnAt }) }
    },
    refused: {
      rcpt: ({ origin }, reply) => {
        if (!isAuthenticated(origin) || isTemporary(reply)) return
        void usage.failed(allNames(accountNames(origin)), clock.now())
      },
    },
  }
}

type Units = Pick<UsageRequest, 'messages' | 'recipients' | 'domains'>

function claimsOf(settings: AccountLimitSettings | null, origin: Authenticated): readonly UsageClaim[] {
  const { account, app } = accountNames(origin)
  const claims = [{ account, limits: settings?.of(origin) ?? [] }]
  return app === null ? claims : [...claims, { account: app, limits: settings?.ofApp(origin) ?? [] }]
}

function domainsOf(addresses: readonly string[]): readonly string[] {
  return [...new Set(addresses.map((address) => domainOf(address).toLowerCase()))]
}

function findingOf(answer: UsageAnswer): Finding {
  switch (answer.kind) {
    case 'fits':
      return accepted
    case 'over':
      return { verdict: refuse(overLimit(answer.use, answer.againAt)) }
    case 'unavailable':
      return {
        verdict: refuse(refusal(451, '4.3.0', 'The limits of your account are temporarily unavailable', answer.cause)),
      }
  }
}

const spans: Readonly<Record<Window, string>> = { burst: 'in five minutes', hour: 'an hour', day: 'a day' }
const nouns = {
  messages: 'messages',
  recipients: 'recipients',
  new_domains: 'new recipient domains',
  failures: 'failed recipients',
} as const

/** 4.7.28 is a mail flood (RFC 5248 registry). */
function overLimit({ account, measure, window, most, used }: LimitUse, againAt: number | null): Refusal {
  const limit = `${most} ${nouns[measure]} ${spans[window]}`
  const text =
    againAt === null
      ? `This message alone is above the limit of your account, ${limit}; please send it to fewer recipients at once`
      : `The limit of your account is reached, ${limit}; please send again after ${minuteText(againAt)}`
  return refusal(452, '4.7.28', text, `${account} has used ${used} of ${limit}`)
}

const MINUTE_MS = 60_000

/** The next whole minute, UTC: `2026-11-21T14:05Z`. */
function minuteText(at: number): string {
  return `${new Date(Math.ceil(at / MINUTE_MS) * MINUTE_MS).toISOString().slice(0, 16)}Z`
}

/** Warnings that are remembered, so that each is given once: beyond it the oldest may be given again. */
const MOST_WARNED = 10_000

/** One event when a limit is nearly used up, and another one only after it was free again. */
function createWarnings() {
  const warned = new Set<string>()
  const isNew = ({ account, measure, window, used, most }: LimitUse, warnAt: number): boolean => {
    const key = `${account} ${measure} ${window}`
    if (used < most * warnAt) {
      warned.delete(key)
      return false
    }
    if (warned.has(key)) return false
    warned.add(key)
    const [oldest] = warned
    if (warned.size > MOST_WARNED && oldest !== undefined) warned.delete(oldest)
    return true
  }
  return {
    of: (uses: readonly LimitUse[], { queueId, at, warnAt }: WarnedMessage): readonly Event[] =>
      uses
        .filter((use) => use.measure !== 'failures' && isNew(use, warnAt))
        .map(({ account, measure, window, used, most }) => {
          const limit = { measure, window, used, limit: most }
          return { kind: 'limit-near', at, queueId, account, ...limit }
        }),
  }
}

interface WarnedMessage {
  readonly queueId: string
  readonly at: number
  readonly warnAt: number
}
