// Config → the limits of accounts, and the brake.

import type { Config } from '../config/config.ts'
import type { AccountLimitsConfig } from '../config/sections/account-limits-section.ts'
import { type BrakePoints, brakeSigns } from '../policy/brake-score.ts'
import type { BrakeSettings } from '../policy/checks/account-brake.ts'
import { accountNames } from '../policy/account-name.ts'
import type { AccountLimitSettings } from '../policy/checks/account-limits.ts'
import { measures, type UsageLimit, windows } from '../state/usage-contract.ts'

/** Without `brake` only operators put accounts on hold. */
export function brakeSettings({ brake }: Pick<Config, 'brake'>): BrakeSettings {
  const least = ({ recipients, new_domains: newDomains }: LeastConfig) => ({ recipients, newDomains })
  if (brake === null) return withoutBrake
  const { hold_at: holdAt, points, new_mail: newMail, users, machines } = brake
  return { holdAt, points, newMail, least: { user: least(users), machine: least(machines) } }
}

type LeastConfig = NonNullable<Config['brake']>['users']

const nothing = { recipients: 1, newDomains: 1 }
const withoutBrake: BrakeSettings = {
  holdAt: null,
  points: Object.fromEntries(brakeSigns.map((name) => [name, 0])) as BrakePoints,
  newMail: 'hold',
  least: { user: nothing, machine: nothing },
}

/** Null without limits. */
export function accountLimits({ account_limits: config }: Pick<Config, 'account_limits'>): AccountLimitSettings | null {
  if (config === null) return null
  const { users, machines, app_passwords, accounts, warn_at: warnAt } = config
  const single = new Map(Object.entries(accounts).map(([name, rules]) => [name, limitsOf(rules)]))
  const [ofUser, ofMachine, ofApp] = [limitsOf(users), limitsOf(machines), limitsOf(app_passwords)]
  return {
    of: (origin) =>
      single.get(accountNames(origin).account.toLowerCase()) ?? (origin.kind === 'user' ? ofUser : ofMachine),
    ofApp: (origin) => single.get(accountNames(origin).app?.toLowerCase() ?? '') ?? ofApp,
    warnAt,
  }
}

function limitsOf(rules: AccountLimitsConfig['users']): readonly UsageLimit[] {
  return measures.flatMap((measure) =>
    windows.flatMap((window) => {
      const most = rules[measure][window] ?? null
      return most === null ? [] : [{ measure, window, most }]
    }),
  )
}
