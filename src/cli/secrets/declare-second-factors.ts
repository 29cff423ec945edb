// Commands about the second factors of people.

import type { Command } from 'commander'
import { asJson, configFile, describeCommand, type Finish, operatorName } from '../command-options.ts'
import type { Io } from '../io.ts'

interface Flags {
  readonly config: string
  readonly json?: boolean
}

export function declareSecondFactors(passwd: Command, io: Io, finish: Finish): void {
  const totp = passwd
    .command('totp')
    .description('list and remove the second factors of people at the page of `self_service`')
  totp
    .command('list')
    .description('list the people with a second factor')
    .option(...configFile)
    .option(...asJson)
    .action(async ({ json = false, ...flags }: Flags) => {
      const { listSecondFactors } = await import('./second-factor-command.ts')
      finish(await listSecondFactors({ ...flags, json }, io))
    })
  describeCommand(
    totp.command('remove'),
    'remove the second factor of a user who lost the telephone',
    'the user has no second factor',
  )
    .argument('<user>')
    .option(...configFile)
    .option(...asJson)
    .action(async (user: string, { json = false, ...flags }: Flags) => {
      const { removeSecondFactor } = await import('./second-factor-command.ts')
      finish(await removeSecondFactor({ ...flags, user, json, by: operatorName() }, io))
    })
}
