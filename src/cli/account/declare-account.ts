// Commands about accounts: users, machines and app passwords.

import { type Command, InvalidArgumentError } from 'commander'
import { readAccountName } from '../../auth/subject-names.ts'
import { systemClock } from '../../lib/clock.ts'
import type { AccountName } from '../../state/usage-contract.ts'
import {
  asJson,
  type CommonOptions,
  configFile,
  dataDirectory,
  describeCommand,
  type Finish,
  operatorName,
  readCount,
  readDuration,
  readTime,
} from '../command-options.ts'
import type { Io } from '../io.ts'

export function declareAccount(program: Command, io: Io, finish: Finish): void {
  const account = program
    .command('account')
    .description('stop, inspect and release the mail of users and machines, of a running or stopped node')
  declareReading(account, io, finish)
  declareHold(account, io, finish)
  declarePurge(account, io, finish)
  declareAllow(account, io, finish)
}

const name = [
  '<account>',
  'user name, machine:NAME, or "user:NAME (app LABEL)" for an app password',
  readAccount,
] as const
const reason = ['--reason <text>', 'reason for the ledger', ''] as const

function declareReading(account: Command, io: Io, finish: Finish): void {
  account
    .command('list')
    .description('list the accounts on hold, and what was announced')
    .option('--all', 'also list holds that have ended')
    .option(...configFile)
    .option(...dataDirectory)
    .option(...asJson)
    .action(async (flags: CommonOptions & { readonly all?: boolean }) => {
      const { accountList } = await import('./account-list.ts')
      finish(await accountList({ ...flags, all: flags.all ?? false, now: systemClock.now() }, io))
    })
  account
    .command('show')
    .description(
      'show what an account sends usually and now, its hold, and what has left: time, recipient domain, reply',
    )
    .argument(...name)
    .option('--since <duration>', 'list what was accepted in this time', readDuration, DAY_MS)
    .option('--limit <messages>', 'number of messages, the newest ones', readCount, 200)
    .option(...configFile)
    .option(...dataDirectory)
    .option(...asJson)
    .action(async (who: AccountName, flags: CommonOptions & { readonly since: number; readonly limit: number }) => {
      const { accountShow } = await import('./account-show.ts')
      const now = systemClock.now()
      finish(await accountShow({ ...flags, account: who, since: now - flags.since, now }, io))
    })
}

const DAY_MS = 86_400_000

interface ReasonFlags extends CommonOptions {
  readonly reason: string
}

function declareHold(account: Command, io: Io, finish: Finish): void {
  const texts = {
    hold: ['stop the mail of an account: queued mail is held, new mail is held or refused', 'it is on hold already'],
    release: ['end the hold of an account: its held mail continues', 'it is not on hold'],
  } as const
  for (const action of ['hold', 'release'] as const)
    describeCommand(account.command(action), texts[action][0], texts[action][1])
      .argument(...name)
      .option(...reason)
      .option(...configFile)
      .option(...dataDirectory)
      .option(...asJson)
      .action(async (who: AccountName, flags: ReasonFlags) => {
        const { accountHold } = await import('./account-hold.ts')
        const order = { ...flags, account: who, action, by: operatorName(), now: systemClock.now() }
        finish(await accountHold(order, io))
      })
}

function declarePurge(account: Command, io: Io, finish: Finish): void {
  describeCommand(
    account.command('purge'),
    'delete the queued mail of an account, held or not, without DSNs',
    'nothing of it is queued',
  )
    .argument(...name)
    .option('--dry-run', 'change nothing and print what the command would delete')
    .option(...reason)
    .option(...configFile)
    .option(...dataDirectory)
    .option(...asJson)
    .action(async (who: AccountName, flags: ReasonFlags & { readonly dryRun?: boolean }) => {
      const { accountPurge } = await import('./account-purge.ts')
      const { dryRun = false, json = false, ...options } = flags
      const order = { ...options, dryRun, json, account: who, by: operatorName(), now: systemClock.now() }
      finish(await accountPurge(order, io))
    })
}

function declareAllow(account: Command, io: Io, finish: Finish): void {
  describeCommand(
    account.command('allow'),
    'announce a newsletter: the account may send to more recipients until a time',
    'nothing was announced (with --recipients 0)',
  )
    .argument(...name)
    .requiredOption(
      '--recipients <number>',
      'recipients on top of the limits; 0 withdraws the announcement',
      readNumber,
    )
    .option('--until <time>', 'end, such as 2026-11-21T18:00:00Z', readTime)
    .option('--for <duration>', 'or the time from now (default: 1d)', readDuration)
    .option(...reason)
    .option(...configFile)
    .option(...dataDirectory)
    .option(...asJson)
    .action(async (who: AccountName, flags: ReasonFlags & AllowFlags) => {
      const { accountAllow } = await import('./account-allow.ts')
      const now = systemClock.now()
      const until = flags.until ?? now + (flags.for ?? DAY_MS)
      finish(await accountAllow({ ...flags, account: who, until, by: operatorName(), now }, io))
    })
}

interface AllowFlags {
  readonly recipients: number
  readonly until?: number
  readonly for?: number
}

function readNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('expected a whole number')
  return Number(text)
}

/** `kim`, `user:Kim`, `machine:ci-01`, `user:kim (app phone)`. */
export function readAccount(text: string): AccountName {
  const account = readAccountName(text)
  if (account === null) throw new InvalidArgumentError('expected a user name or machine:NAME')
  return account
}
