// Commands that start, reload or check a node, and the demonstration.

import type { Command } from 'commander'
import { asJson, type CommonOptions, configFile, describeCommand } from '../command-options.ts'
import type { Finish } from '../command-options.ts'
import type { Io } from '../io.ts'

export function declareNode(program: Command, io: Io, finish: Finish): void {
  describeCommand(
    program.command('run'),
    'start the node in the foreground; SIGHUP reloads the configuration, SIGTERM and SIGINT drain and stop',
    'the queue failed, or a second signal ended the drain',
  )
    .option(...configFile)
    .action(async (options: CommonOptions) => finish(await (await import('./run-command.ts')).run(options, io)))
  describeCommand(
    program.command('reload'),
    'check the configuration and send SIGHUP to the running node',
    'no node is running, or another user runs it',
  )
    .option(...configFile)
    .action(async (options: CommonOptions) => finish(await (await import('./reload-command.ts')).reload(options, io)))
  program
    .command('check')
    .description('check the configuration and the routing data without starting the node')
    .option(...configFile)
    .option(...asJson)
    .action(async (options: CommonOptions) => finish(await (await import('./check-command.ts')).check(options, io)))
  describeCommand(
    program.command('demo'),
    'run four nodes and a small internet on loopback, with seven scenarios and the trace of each message',
    'a scenario failed, or a signal ended the demonstration',
  )
    .option('--stay', 'keep the fleet running and print commands to try')
    .action(async (options: { stay?: boolean }) => finish(await (await import('./demo-command.ts')).demo(options, io)))
}
