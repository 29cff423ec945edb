// `account_limits`: what each user, machine and app password may send.

import { z } from 'zod'
import { measures, type Window } from '../../state/usage-contract.ts'
import { section } from '../section.ts'
import { count } from '../values.ts'

const NUMBER = 'a whole number from 1, or none'
const limit = z.union([count(NUMBER), z.literal('none').transform(() => null)], { error: NUMBER })

type Most = z.output<typeof limit>
type Spans = Readonly<Partial<Record<Window, Most | undefined>>>

const texts = {
  messages: 'Messages.',
  recipients: 'Recipients of all messages.',
  new_domains: 'Recipient domains to which the account has not written for 90 days.',
  failures: 'Recipients that were refused for good, here or by the next hop. At the limit further messages wait.',
} as const

const spans = z.strictObject({
  burst: limit.optional().describe('In five minutes.'),
  hour: limit.optional().describe('In an hour.'),
  day: limit.optional().describe('In a day.'),
})

const rules = z.strictObject(
  Object.fromEntries(measures.map((name) => [name, spans.default({}).describe(texts[name])])) as {
    [Name in (typeof measures)[number]]: z.ZodDefault<typeof spans>
  },
)

type Rules = Readonly<Record<(typeof measures)[number], Spans>>

/** A person writes some hundred mails on a busy day, and a team's list is one recipient. Each key that a node sets replaces one number. */
const ofUsers: Rules = {
  messages: { burst: 60, hour: 200, day: 600 },
  recipients: { burst: 300, hour: 600, day: 2000 },
  new_domains: { burst: 60, hour: 120, day: 300 },
  failures: { hour: 60, day: 200 },
}
/** A machine reports failures in bursts, and to few addresses. */
const ofMachines: Rules = {
  messages: { burst: 500, hour: 2000, day: 20_000 },
  recipients: { burst: 1000, hour: 4000, day: 40_000 },
  new_domains: { burst: 200, hour: 400, day: 2000 },
  failures: { hour: 200, day: 1000 },
}
const none: Rules = { messages: {}, recipients: {}, new_domains: {}, failures: {} }

const DEFAULT_WARNING = 0.8
const PART = 'a part of the limit from 0.1 to 1'

const schema = z.strictObject({
  users: rules.prefault({}).describe('Limits of each user; what is not given is the default of users.'),
  machines: rules.prefault({}).describe('Limits of each machine; what is not given is the default of machines.'),
  app_passwords: rules.prefault({}).describe('Limits of each app password, beside those of its user. Default: none.'),
  accounts: z
    .record(z.string(), rules)
    .default({})
    .describe(
      'Limits of single accounts, by `user:NAME` or `machine:NAME`, and of app passwords by `user:NAME (app LABEL)`; what is not given is as for the others.',
    ),
  warn_at: z
    .number({ error: PART })
    .min(0.1, { error: PART })
    .max(1, { error: PART })
    .default(DEFAULT_WARNING)
    .describe('Part of a limit from which on the ledger has the event `limit-near`.'),
})

export interface AccountLimitsConfig {
  readonly users: Rules
  readonly machines: Rules
  readonly app_passwords: Rules
  readonly accounts: Readonly<Record<string, Rules>>
  readonly warn_at: number
}

const accountName = /^(?:user:\S+(?: \(app [^)]+\))?|machine:\S+)$/

export const account_limits = section(
  schema
    .optional()
    .describe('Limits of users and machines (`452 4.7.28`). `account_limits: {}` has the default limits.'),
  (written, reader): AccountLimitsConfig | null => {
    if (written === undefined) return null
    const users = merged(ofUsers, written.users)
    const machines = merged(ofMachines, written.machines)
    const app_passwords = merged(none, written.app_passwords)
    const accounts = Object.entries(written.accounts).map(([name, given]) => {
      if (!accountName.test(name))
        reader.report(['accounts', name], `found "${name}", expected user:NAME, machine:NAME or user:NAME (app LABEL)`)
      const base = name.startsWith('machine:') ? machines : name.includes(' (app ') ? app_passwords : users
      return [name.toLowerCase(), merged(base, given)] as const
    })
    return { users, machines, app_passwords, accounts: Object.fromEntries(accounts), warn_at: written.warn_at }
  },
)

function merged(base: Rules, given: Rules): Rules {
  return Object.fromEntries(measures.map((name) => [name, { ...base[name], ...given[name] }])) as unknown as Rules
}
