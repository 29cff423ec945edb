#!/usr/bin/env node
// The entry point: runs the command that the arguments or the name of the program name, and sets the exit code.

import { basename } from 'node:path'
import { isSea } from 'node:sea'
import { FAILED, OK, USAGE } from './cli/io.ts'

// A reader such as `head` may close the pipe early, which is not an error. Any other error loses output, so the command fails.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit()
  process.stderr.write(`cannot write to standard output: ${error.message}\n`, () => process.exit(FAILED))
})
// stderr is closed; the exit code still reports the failure.
process.stderr.on('error', () => undefined)

const io = { stdin: process.stdin, stdout: process.stdout, stderr: process.stderr }

/** The other names of the command, as links to it: what they stand for. */
const names: Readonly<Record<string, readonly string[]>> = {
  sendmail: ['sendmail'],
  mailq: ['sendmail', '-bp'],
  newaliases: ['sendmail', '-bi'],
}

async function runProgram(args: readonly string[]): Promise<void> {
  const { createProgram } = await import('./cli/program.ts')
  await createProgram({
    io,
    finish: (code) => void (process.exitCode = code),
    exit: (code) => process.exit(code === 0 ? OK : USAGE),
  }).parseAsync(args, { from: 'user' })
}

/** In an executable, the name that it was called by is in `argv0`. */
const calledAs = basename((isSea() ? process.argv0 : process.argv[1]) ?? '')
const args = [...(names[calledAs] ?? []), ...process.argv.slice(2)]

async function runSendmail(): Promise<void> {
  // Without the declarations of all commands, which take longer than the mail.
  const { sendmail } = await import('./cli/sendmail/sendmail.ts')
  const run = async (command: readonly string[]) => {
    await runProgram(command)
    return Number(process.exitCode ?? OK)
  }
  process.exitCode = await sendmail(args.slice(1), { io, run })
  // A caller that keeps the pipe open would keep the process.
  process.stdin.destroy()
}

// Not awaited, because a bundle in the CommonJS format cannot. An exception ends the process all the same.
if (args[0] === 'sendmail' && args[1] !== '--help') void runSendmail()
else void runProgram(args)
