// Commands that run or check a node.

import type { Command } from 'commander'
import type { Io } from '../io.ts'
import { asJson, configFile } from '../command-options.ts'
import type { Finish } from '../command-options.ts'

export function declareNode(program: Command, io: Io, finish: Finish): void {
  program
    .command('run')
    .description('start the node (SIGHUP: read the configuration again; SIGTERM: drain and stop)')
    .option(...configFile)
    .action(async (options: { config: string }) => finish(await (await import('./run-command.ts')).run(options, io)))
  program
    .command('reload')
    .description('check the configuration, then tell the running node to read it again')
    .option(...configFile)
    .action(async (options: { config: string }) =>
      finish(await (await import('./reload-command.ts')).reload(options, io)),
    )
  program
    .command('check')
    .description('load configuration and routing data and report every problem, without starting')
    .option(...configFile)
    .option(...asJson)
    .action(async (options: { config: string; json?: boolean }) =>
      finish(await (await import('./check-command.ts')).check(options, io)),
    )
  program
    .command('demo')
    .description('run four nodes and a small internet on loopback, with seven scenarios')
    .option('--stay', 'leave the fleet up and say what to try with it')
    .action(async (options: { stay?: boolean }) => finish(await (await import('./demo-command.ts')).demo(options, io)))
}
