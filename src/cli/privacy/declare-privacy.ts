// Commands about the personal data of one person.

import type { Command } from 'commander'
import { commandClock } from '../../lib/clock.ts'
import {
  asJson,
  type CommonOptions,
  configFile,
  dataDirectory,
  describeCommand,
  type Finish,
  operatorName,
} from '../command-options.ts'
import type { Io } from '../io.ts'

const person = ['<address>', 'mail address, or name of a user'] as const

export function declarePrivacy(program: Command, io: Io, finish: Finish): void {
  const privacy = program
    .command('privacy')
    .description('what a running or stopped node knows about a person: print it or erase it')
  describeCommand(
    privacy.command('export'),
    'print all that the node knows about a person, as JSON',
    'nothing is known',
  )
    .argument(...person)
    .option(...configFile)
    .option(...dataDirectory)
    .action(async (name: string, options: CommonOptions) => {
      const { privacyExport } = await import('./privacy-export.ts')
      finish(await privacyExport({ ...options, name, now: commandClock.now() }, io))
    })
  describeCommand(
    privacy.command('erase'),
    'erase what the node knows about a person; without --yes print what the command would erase',
    'nothing was erased, or not all of it',
  )
    .argument(...person)
    .option('--yes', 'erase; this cannot be undone')
    .option('--reason <text>', 'reason for the ledger', '')
    .option(...configFile)
    .option(...dataDirectory)
    .option(...asJson)
    .action(async (name: string, options: CommonOptions & { readonly yes?: boolean; readonly reason: string }) => {
      const { privacyErase } = await import('./privacy-erase.ts')
      const { yes = false, ...others } = options
      finish(await privacyErase({ ...others, yes, name, by: operatorName(), now: commandClock.now() }, io))
    })
}
