// Config → the limits of accounts.

import type { Config } from '../config/config.ts'
import type { AccountLimitsConfig } from '../config/sections/account-limits-section.ts'
import { accountNames } from '../policy/account-name.ts'
import type { AccountLimitSettings } from '../policy/checks/account-limits.ts'
import { measures, type UsageLimit, windows } from '../state/usage-contract.ts'

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
