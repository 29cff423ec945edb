#!/usr/bin/env node
// The entry point: runs the command that the arguments name and sets the exit code.

import { FAILED, OK, USAGE } from './cli/io.ts'
import { createProgram } from './cli/program.ts'

// A reader such as `head` may close the pipe early, which is not an error. Any other error loses output, so the command fails.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit()
  process.stderr.write(`cannot write to standard output: ${error.message}\n`, () => process.exit(FAILED))
})
// stderr is closed; the exit code still reports the failure.
process.stderr.on('error', () => undefined)

await createProgram({
  io: { stdin: process.stdin, stdout: process.stdout, stderr: process.stderr },
  finish: (code) => void (process.exitCode = code),
  exit: (code) => process.exit(code === 0 ? OK : USAGE),
}).parseAsync()
