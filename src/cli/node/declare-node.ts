// Commands that start, reload or check a node, and the demonstration.

import { type Command, Option } from 'commander'
import {
  asJson,
  type CommonOptions,
  configFile,
  dataDirectory,
  describeCommand,
  readDuration,
} from '../command-options.ts'
import type { Finish } from '../command-options.ts'
import type { Io } from '../io.ts'

/** A reload waits up to 30 s for LDAP and SQL; the rest is for reading the files. */
const RELOAD_WAIT_MS = 60_000

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
    'let the running node read its configuration and data again, and wait for the result',
    'the node refused the files, no node is running, or the node does not answer',
  )
    .option(...configFile)
    .option(...dataDirectory)
    .addOption(
      new Option('--wait <duration>', 'time limit for the answer')
        .argParser(readDuration)
        .default(RELOAD_WAIT_MS, '60s'),
    )
    .option(...asJson)
    .action(async ({ wait, ...options }: CommonOptions & { readonly wait: number }) => {
      const { reload } = await import('./reload-command.ts')
      finish(await reload({ ...options, waitMs: wait }, io))
    })
  program
    .command('check')
    .description('check the configuration and the routing data without starting the node')
    .option(...configFile)
    .option('--offline', 'ask neither the resolver nor the other fleet nodes, as for a check in CI')
    .option(...asJson)
    .action(async (options: CommonOptions & { readonly offline?: boolean }) =>
      finish(await (await import('./check-command.ts')).check(options, io)),
    )
  describeCommand(
    program.command('demo'),
    'run four nodes and a small internet on loopback, with seven scenarios and the trace of each message',
    'a scenario failed, a signal ended the demonstration, or what `--break` broke is not repaired',
  )
    .option('--stay', 'keep the fleet running and print commands to try')
    .addOption(
      new Option(
        '--break <kind>',
        'break one thing, and wait for its repair as the playbook describes it; `list` prints the kinds',
      ).conflicts('stay'),
    )
    .action(async (options: { stay?: boolean; break?: string }) =>
      finish(await (await import('./demo-command.ts')).demo(options, io)),
    )
}
