// Commands that sum up the ledger.

import type { Command } from 'commander'
import { systemClock } from '../../lib/clock.ts'
import {
  asJson,
  type CommonOptions,
  configFile,
  dataDirectory,
  describeCommand,
  readCount,
  readPastTime,
} from '../command-options.ts'
import type { Finish } from '../command-options.ts'
import type { Io } from '../io.ts'
import type { BlockedOptions } from './report-blocked.ts'
import type { ReportOptions } from './report-options.ts'
import type { ReportChecksOptions } from './report-checks.ts'

/** The time for which an operator tries a rule. */
const WEEK_MS = 7 * 86_400_000
/** Of a trend. */
const MONTH_DAYS = 30

export function declareReport(program: Command, io: Io, finish: Finish): void {
  const report = program.command('report').description('sum up what the ledger has, and the reports of others')
  withTimes(
    describeCommand(
      report.command('checks'),
      'show what each check did, and what it would refuse if it were not in test mode',
      'no check has events in that time',
    ),
  ).action(async (options: CommonOptions & Partial<ReportChecksOptions>) =>
    finish(await (await import('./report-checks.ts')).reportChecks({ ...options, ...timesOf(options) }, io)),
  )
  withTimes(
    describeCommand(
      report.command('bulk'),
      'list authors whose mail to many has no one click to unsubscribe, by day',
      'there are none in that time',
    ),
  ).action(async (options: CommonOptions & Partial<ReportChecksOptions>) =>
    finish(await (await import('./report-bulk.ts')).reportBulk({ ...options, ...timesOf(options) }, io)),
  )
  describeCommand(
    report.command('digest'),
    'show the digest of the last week: volume, failures by provider, refusals, accounts, health, certificates',
    'the queue cannot be read',
  )
    .option('--since <time>', 'from this time or duration before now on (default: 7d)', readPastTime)
    .option(...configFile)
    .option(...dataDirectory)
    .option(...asJson)
    .action(async ({ since, ...options }: CommonOptions & { readonly since?: number }) => {
      const now = systemClock.now()
      const { reportDigest } = await import('./report-digest.ts')
      finish(await reportDigest({ ...options, since: since ?? now - WEEK_MS, now }, io))
    })
  declareBlocked(report, io, finish)
  declareReceived(report, io, finish)
}

function declareBlocked(report: Command, io: Io, finish: Finish): void {
  withTimes(
    describeCommand(
      report.command('blocked'),
      'list the providers that refuse this node as blocked; with a provider, print a request to end the block',
      'none refuses in that time',
    ),
  )
    .argument('[provider]', 'a name of the list')
    .option('--no-dns', 'ask the DNS for no records of this node')
    .action(async (provider: string | undefined, options: CommonOptions & Partial<BlockedOptions>) => {
      const { reportBlocked } = await import('./report-blocked.ts')
      finish(await reportBlocked({ ...options, ...timesOf(options), provider, dns: options.dns !== false }, io))
    })
}

/** Reports that other organizations send. */
function declareReceived(report: Command, io: Io, finish: Finish): void {
  withDays(
    describeCommand(
      report.command('dmarc'),
      'show the sources of mail in our name, by DMARC aggregate reports: sources, alignment, what to repair, trend',
      'no report is about that time',
    ),
  )
    .option('--domain <domain>', 'only this domain and those below it')
    .option('--no-dns', 'ask the DNS for no names of sources')
    .action(async (options: ReportOptions) =>
      finish(await (await import('./report-dmarc.ts')).reportDmarc(options, io)),
    )
  withDays(
    describeCommand(
      report.command('tls'),
      'show whether other hosts reach our domains over TLS, by TLS reports: policies, failures, trend',
      'no report is about that time',
    ),
  )
    .option('--domain <domain>', 'only this domain and those below it')
    .action(async (options: ReportOptions) => finish(await (await import('./report-tls.ts')).reportTls(options, io)))
  withDays(
    describeCommand(
      report.command('complaints'),
      'show complaints about mail of ours (ARF), by provider, type and origin',
      'no complaint arrived in that time',
    ),
  ).action(async (options: ReportOptions) =>
    finish(await (await import('./report-complaints.ts')).reportComplaints(options, io)),
  )
}

function withDays(command: Command): Command {
  return command
    .option('--days <number>', 'days before now', readCount, MONTH_DAYS)
    .option('--unproven', 'also reports without proof: DMARC does not pass for their message')
    .option(...configFile)
    .option(...dataDirectory)
    .option(...asJson)
}

function withTimes(command: Command): Command {
  return command
    .option(
      '--since <time>',
      'only events from this time on, such as 2026-11-21T02:00:00Z, or a duration before now (default: 7d)',
      readPastTime,
    )
    .option('--until <time>', 'only events before this time or duration (default: now)', readPastTime)
    .option(...configFile)
    .option(...dataDirectory)
    .option(...asJson)
}

function timesOf({ since, until = systemClock.now() }: Partial<ReportChecksOptions>): ReportChecksOptions {
  return { since: since ?? until - WEEK_MS, until }
}
