#!/usr/bin/env node
// Arguments → command. Each command is one file of cli/ and is loaded only when called.

import { Command } from 'commander'
import { declareDirectory } from './cli/declare/declare-directory.ts'
import { declareMail } from './cli/declare/declare-mail.ts'
import { declareNode } from './cli/declare/declare-node.ts'
import { declareQueue } from './cli/declare/declare-queue.ts'
import { declareTools } from './cli/declare/declare-tools.ts'
import { FAILED, USAGE } from './cli/io.ts'

const io = { stdin: process.stdin, stdout: process.stdout, stderr: process.stderr }
// `waypost … | head` has read enough: that is no error of ours. A full disk is, and somebody will miss what is not there.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit()
  process.stderr.write(`the output cannot be written: ${error.message}\n`, () => process.exit(FAILED))
})
// Nobody reads what is wrong: the exit code says it.
process.stderr.on('error', () => undefined)
const finish = (code: number) => void (process.exitCode = code)

const program = new Command('waypost')
  .description('One program that is every kind of mail-routing node an organisation without mailboxes needs.')
  .version('0.1.0')
  .configureHelp({ showGlobalOptions: false })
  .showHelpAfterError('(--help tells more)')

// Before any command is declared, as each one takes it over: a wrong command line exits with 2.
program.exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : USAGE))

for (const declare of [declareNode, declareDirectory, declareMail, declareQueue, declareTools])
  declare(program, io, finish)

await program.parseAsync()
