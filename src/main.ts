#!/usr/bin/env node
// Arguments → command. Each command is one file of cli/ and is loaded only when called.

import { Command } from 'commander'
import { USAGE } from './cli/io.ts'

const io = { stdin: process.stdin, stdout: process.stdout, stderr: process.stderr }
const finish = (code: number) => void (process.exitCode = code)

const program = new Command('waypost')
  .description('One program that is every kind of mail-routing node an organisation without mailboxes needs.')
  .version('0.1.0')
  .showHelpAfterError('(--help tells more)')
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : USAGE))

/** `-c`, the node's YAML. */
const config = ['-c, --config <file>', "the node's YAML", 'node.yaml'] as const
const asJson = ['--json', 'print JSON'] as const

program
  .command('run')
  .description('start the node (SIGHUP: read the configuration again; SIGTERM: drain and stop)')
  .option(...config)
  .action(async (options) => finish(await (await import('./cli/run.ts')).run(options, io)))

program
  .command('check')
  .description('load configuration and routing data and report every problem, without starting')
  .option(...config)
  .option(...asJson)
  .action(async (options) => finish(await (await import('./cli/check.ts')).check(options, io)))

program
  .command('demo')
  .description('a whole fleet and a small internet on loopback: seven stories, each mail hop by hop')
  .option('--stay', 'leave the fleet up and say what to try with it')
  .action(async (options) => finish(await (await import('./cli/demo.ts')).demo(options, io)))

await program.parseAsync()
