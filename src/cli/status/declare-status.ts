// The command about the state of a node.

import { type Command, Option } from 'commander'
import { systemClock } from '../../lib/clock.ts'
import {
  asJson,
  type CommonOptions,
  configFile,
  dataDirectory,
  describeCommand,
  type Finish,
  readDuration,
} from '../command-options.ts'
import type { Io } from '../io.ts'

const HOUR_MS = 3_600_000

interface StatusFlags extends CommonOptions {
  readonly nagios?: boolean
  readonly fleet?: boolean
  readonly warnAge: number
  readonly criticalAge: number
}

export function declareStatus(program: Command, io: Io, finish: Finish): void {
  describeCommand(
    program.command('status'),
    'show what the node does and what it needs: health with advice, queue, rates, last reload, certificates, bans',
    'the node does not run, fails, or cannot be asked',
  )
    .option(...configFile)
    .option(...dataDirectory)
    .addOption(
      new Option(
        '--nagios',
        'print one line with performance data for Nagios and Icinga; exit code 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN',
      ).conflicts('json'),
    )
    .addOption(
      new Option('--warn-age <duration>', 'with --nagios: WARNING if the oldest message is older')
        .argParser(readDuration)
        .default(4 * HOUR_MS, '4h'),
    )
    .addOption(
      new Option('--critical-age <duration>', 'with --nagios: CRITICAL if the oldest message is older')
        .argParser(readDuration)
        .default(24 * HOUR_MS, '1d'),
    )
    .addOption(
      new Option('--fleet', 'show all nodes of fleet_view or peers, by their certificates').conflicts([
        'nagios',
        'data',
      ]),
    )
    .option(...asJson)
    .action(async ({ nagios, fleet, warnAge, criticalAge, ...options }: StatusFlags) => {
      if (fleet) return finish(await (await import('./fleet-status.ts')).fleetStatus(options, io))
      const { status } = await import('./status-command.ts')
      const limits = nagios ? { warnAgeMs: warnAge, criticalAgeMs: criticalAge } : null
      finish(await status({ ...options, nagios: limits, now: () => systemClock.now() }, io))
    })
}
