// Commands about bans.

import { type Command, InvalidArgumentError } from 'commander'
import { readBanSubject } from '../../auth/subject-names.ts'
import { systemClock } from '../../lib/clock.ts'
import type { BanSubject } from '../../state/ban-contract.ts'
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
} from '../command-options.ts'
import type { Io } from '../io.ts'

export function declareBan(program: Command, io: Io, finish: Finish): void {
  const ban = program
    .command('ban')
    .description('list, make and end bans of addresses, networks and accounts, of a running or stopped node')
  declareList(ban, io, finish)
  declareAdd(ban, io, finish)
  declareRemove(ban, io, finish)
}

function declareList(ban: Command, io: Io, finish: Finish): void {
  ban
    .command('list')
    .description('list the bans that stand, those that end last first')
    .option('--all', 'also list bans that have ended')
    .option('--limit <bans>', 'number of bans', readCount, 1000)
    .option(...configFile)
    .option(...dataDirectory)
    .option(...asJson)
    .action(async (flags: CommonOptions & { readonly all?: boolean; readonly limit: number }) => {
      const { banList } = await import('./ban-list.ts')
      finish(await banList({ ...flags, all: flags.all ?? false, now: systemClock.now() }, io))
    })
}

const subject = ['<subject>', 'address, network such as 192.0.2.0/24, or user name', readSubject] as const

function declareAdd(ban: Command, io: Io, finish: Finish): void {
  ban
    .command('add')
    .description('ban an address, a network or an account for a time; a ban that stands is replaced')
    .argument(...subject)
    .requiredOption('--for <duration>', 'time of the ban, such as 2h or 7d', readBanTime)
    .option('--reason <text>', 'reason for the ledger', '')
    .option(...configFile)
    .option(...dataDirectory)
    .option(...asJson)
    .action(async (who: BanSubject, flags: CommonOptions & { readonly for: number; readonly reason: string }) => {
      const { banAdd } = await import('./ban-change.ts')
      const { for: duration, ...options } = flags
      finish(await banAdd({ ...options, ...who, duration, by: operatorName(), now: systemClock.now() }, io))
    })
}

function declareRemove(ban: Command, io: Io, finish: Finish): void {
  describeCommand(ban.command('remove'), 'end a ban and forget the failures of its subject', 'no such ban stands')
    .argument(...subject)
    .option('--reason <text>', 'reason for the ledger', '')
    .option(...configFile)
    .option(...dataDirectory)
    .option(...asJson)
    .action(async (who: BanSubject, options: CommonOptions & { readonly reason: string }) => {
      const { banRemove } = await import('./ban-change.ts')
      finish(await banRemove({ ...options, ...who, by: operatorName(), now: systemClock.now() }, io))
    })
}

/** An address belongs to another client sooner or later. */
const MOST_MS = 366 * 86_400_000

function readBanTime(text: string): number {
  const ms = readDuration(text)
  if (ms < 1000 || ms > MOST_MS) throw new InvalidArgumentError('expected a duration from 1s to 366d')
  return ms
}

export function readSubject(text: string): BanSubject {
  const subject = readBanSubject(text)
  if (typeof subject === 'string') throw new InvalidArgumentError(subject)
  return subject
}
