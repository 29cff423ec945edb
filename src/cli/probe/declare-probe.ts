// The command that measures the way of mail.

import type { Command } from 'commander'
import { asJson, configFile, dataDirectory, describeCommand } from '../command-options.ts'
import type { Finish } from '../command-options.ts'
import type { Io } from '../io.ts'
import type { ProbeOptions } from './probe-command.ts'

export function declareProbe(program: Command, io: Io, finish: Finish): void {
  describeCommand(
    program.command('probe'),
    'send a probe to each target of `probe` now, and print the servers on the way with their times',
    'a probe did not arrive, or no node is running',
  )
    .option('--target <name>', 'only this target')
    .option('--last', 'print the last result of each target; nothing is sent')
    .option(...configFile)
    .option(...dataDirectory)
    .option(...asJson)
    .action(async (options: ProbeOptions) => finish(await (await import('./probe-command.ts')).probe(options, io)))
}
