// Commands about the machines that may submit mail.

import type { Command } from 'commander'
import { systemClock } from '../../lib/clock.ts'
import { asJson, configFile, type Finish, readPastTime } from '../command-options.ts'
import type { Io } from '../io.ts'

const SINCE_DEFAULT = '7d'

export function declareMachine(program: Command, io: Io, finish: Finish): void {
  program
    .command('machine')
    .description('the machines that may submit mail')
    .command('list')
    .description('list the machines with their last use, those never seen or expired, and unknown certificates')
    .option(
      '--since <time>',
      'unknown certificates from this time on, or a duration before now (default: 7d)',
      readPastTime,
    )
    .option(...configFile)
    .option(...asJson)
    .action(async (flags: { readonly config: string; readonly json?: boolean; readonly since?: number }) => {
      const { machineList } = await import('./machine-list.ts')
      const { since = readPastTime(SINCE_DEFAULT), ...options } = flags
      finish(await machineList({ ...options, since, now: systemClock.now() }, io))
    })
}
