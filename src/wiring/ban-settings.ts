// Config → the rules of bans.

import type { Config } from '../config/config.ts'
import type { BanRules } from '../state/ban-contract.ts'

export function banRules({ bans: { duration, longest, accounts } }: Pick<Config, 'bans'>): BanRules {
  return { duration, longest, account: accounts }
}
