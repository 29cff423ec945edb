// Commands about the greylist.

import { type Command, InvalidArgumentError, Option } from 'commander'
import { systemClock } from '../../lib/clock.ts'
import { canonicalAddress, parseNetwork, siteNetwork } from '../../lib/ip-address.ts'
import { asciiDomain } from '../../smtp/domain.ts'
import { parseMailbox } from '../../smtp/mailbox.ts'
import {
  asJson,
  type CommonOptions,
  configFile,
  dataDirectory,
  describeCommand,
  type Finish,
  readCount,
  readPastTime,
} from '../command-options.ts'
import type { Io } from '../io.ts'
import type { FilterFlags } from './greylist-list.ts'

export function declareGreylist(program: Command, io: Io, finish: Finish): void {
  const greylist = program
    .command('greylist')
    .description('inspect and change the greylist of a running or stopped node')
  declareList(greylist, io, finish)
  declareRemove(greylist, io, finish)
}

const states = ['waiting', 'due', 'lost', 'allowed', 'expired'] as const

/** The filter options of both commands; all that are given must match. */
function withFilter(command: Command): Command {
  return command
    .option('--network <address>', 'network of the client: an address, an IPv4 /24 or an IPv6 /48', readSite)
    .option(
      '--sender <domain>',
      'domain of the reverse-path, or domain that SPF or DKIM proves; <> is the null sender',
      readSender,
    )
    .option('--recipient <address>', 'forward-path', readRecipient)
    .addOption(new Option('--state <state>', 'state of the entry').choices(states))
}

const SUMMARY_DEFAULT = '30d'

function declareList(greylist: Command, io: Io, finish: Finish): void {
  withFilter(greylist.command('list'))
    .description('list mail that must come back, and mail that came back, the oldest first')
    .option('--limit <entries>', 'number of entries', readCount, 1000)
    .addOption(
      new Option('--summary', 'print what came back and what did not, by reason, instead').conflicts([
        'network',
        'sender',
        'recipient',
        'state',
        'limit',
      ]),
    )
    .addOption(
      new Option('--since <time>', 'with --summary: from this day on, or a duration before now')
        .argParser(readPastTime)
        .default(undefined, SUMMARY_DEFAULT),
    )
    .option(...configFile)
    .option(...dataDirectory)
    .option(...asJson)
    .action(async (flags: CommonOptions & FilterFlags & ListFlags) => {
      const { summary = false, since = readPastTime(SUMMARY_DEFAULT), ...options } = flags
      const { greylistList, greylistSummary } = await import('./greylist-list.ts')
      const now = systemClock.now()
      if (summary) finish(await greylistSummary({ ...options, since, now }, io))
      else finish(await greylistList({ ...options, now }, io))
    })
}

interface ListFlags {
  readonly summary?: boolean
  readonly since?: number
  readonly limit: number
}

function declareRemove(greylist: Command, io: Io, finish: Finish): void {
  withFilter(describeCommand(greylist.command('remove'), 'forget entries: their mail is new again', 'no entry matches'))
    .option('--all', 'permit the command without any condition')
    .option(...configFile)
    .option(...dataDirectory)
    .option(...asJson)
    .action(async (flags: CommonOptions & FilterFlags & { readonly all?: boolean }) => {
      const { all = false, ...options } = flags
      const { greylistRemove } = await import('./greylist-remove.ts')
      finish(await greylistRemove({ ...options, all, now: systemClock.now() }, io))
    })
}

function readSite(text: string): string {
  const [address = ''] = text.split('/')
  const isNetwork = parseNetwork(text) !== null && canonicalAddress(address) !== null
  if (!isNetwork || (text.includes('/') && siteNetwork(address) !== networkOf(text)))
    throw new InvalidArgumentError('expected an address, an IPv4 /24 or an IPv6 /48')
  return siteNetwork(address)
}

/** The network in the form of `siteNetwork`, if its prefix is that of a site. */
function networkOf(text: string): string | null {
  const [address = '', prefix] = text.split('/')
  const site = siteNetwork(address)
  return site.endsWith(`/${prefix}`) ? site : null
}

function readSender(text: string): string {
  if (text === '<>' || text === '') return ''
  const domain = asciiDomain(text.slice(text.lastIndexOf('@') + 1))
  if (domain === null) throw new InvalidArgumentError('expected a domain, or <>')
  return domain
}

function readRecipient(text: string): string {
  if (parseMailbox(text).kind === 'bad') throw new InvalidArgumentError('expected an address such as press@example.org')
  return text.toLowerCase()
}
