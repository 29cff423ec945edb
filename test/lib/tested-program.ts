// How tests start the program: from the bundle that build-program.ts made of these sources, because that takes half the CPU time;
// WAYPOST_FROM_SOURCE=1 starts the sources. WAYPOST_TEST_MAIN names the main.ts of another release.

import { join } from 'node:path'
import { nodeCommand, type ProgramCommand } from '../../src/lib/program-files.ts'

const source = join(import.meta.dirname, '../../src')

export function testedProgram(): ProgramCommand {
  const bundle = process.env['WAYPOST_TEST_BUNDLE']
  const other = process.env['WAYPOST_TEST_MAIN']
  if (other !== undefined || bundle === undefined)
    return nodeCommand(other ?? join(source, 'main.ts'), join(source, 'openssl.cnf'))
  return nodeCommand(join(bundle, 'waypost.cjs'), join(bundle, 'src/openssl.cnf'))
}

/** The arguments of `spawn` for a command of the program, without our configuration of OpenSSL, which only a node needs. */
export function testedCommand(args: readonly string[]): [command: string, args: string[]] {
  const program = testedProgram()
  return [program.command, [...program.args, ...args]]
}
