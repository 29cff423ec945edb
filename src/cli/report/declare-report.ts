// Commands that sum up the ledger.

import type { Command } from 'commander'
import { systemClock } from '../../lib/clock.ts'
import {
  asJson,
  type CommonOptions,
  configFile,
  dataDirectory,
  describeCommand,
  readPastTime,
} from '../command-options.ts'
import type { Finish } from '../command-options.ts'
import type { Io } from '../io.ts'
import type { ReportChecksOptions } from './report-checks.ts'

/** The time for which an operator tries a rule. */
const WEEK_MS = 7 * 86_400_000

export function declareReport(program: Command, io: Io, finish: Finish): void {
  const report = program.command('report').description('sum up what the ledger has')
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
