// `bans`: for how long too many failed logins ban a client or an account, and where the list goes.

import { z } from 'zod'
import { section } from '../section.ts'
import { duration, flag, path } from '../values.ts'

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
/** Half-life of the counts of failed logins (budget/table/login-budgets.ts): after less, one failure bans again. */
const LEAST_MS = 10 * MINUTE_MS
/** An address belongs to another client sooner or later. */
const MOST_MS = 30 * DAY_MS
/** Strangers can ban an account for clients that it does not know. No user waits longer than this because of them. */
const MOST_ACCOUNT_MS = 60 * MINUTE_MS

const schema = z
  .strictObject({
    duration: duration.prefault('1h').describe('Time of the first ban of an address or a network.'),
    longest: duration
      .prefault('1d')
      .describe('Each further ban within a week is twice as long as the one before, up to this.'),
    accounts: duration
      .prefault('15m')
      .describe(
        'Time of each ban of an account. It concerns only clients from which the account has not logged in before.',
      ),
    at_connect: flag
      .default(true)
      .describe(
        'Refuse a banned address or network at the connection (`421 4.7.0`), unless a user has logged in from it before; false: only at AUTH (`454 4.7.0`). Bans of operators always count at the connection.',
      ),
    nftables: path
      .optional()
      .describe('File of nftables sets with the banned addresses and networks, written when they change.'),
  })
  .prefault({})
  .describe('Bans after too many failed logins.')

export type BansConfig = z.output<typeof schema>

export const bans = section(schema, (written, reader): BansConfig => {
  const { duration: first, longest, accounts, nftables } = written
  const report = (key: string, found: number, expected: string) =>
    reader.report([key], `found ${found / 1000} s, expected ${expected}`)
  if (first < LEAST_MS || first > MOST_MS) report('duration', first, 'from 10m to 30d')
  if (longest < first || longest > MOST_MS) report('longest', longest, 'at least duration, and at most 30d')
  if (accounts < LEAST_MS || accounts > MOST_ACCOUNT_MS)
    report('accounts', accounts, 'from 10m to 1h: strangers cause these bans')
  return { ...written, ...(nftables === undefined ? {} : { nftables: reader.locate(nftables) }) }
})
