// Commands about app passwords.

import { type Command, InvalidArgumentError } from 'commander'
import { systemClock } from '../../lib/clock.ts'
import { asJson, collect, configFile, describeCommand } from '../command-options.ts'
import type { Finish } from '../command-options.ts'
import type { Io } from '../io.ts'

interface AppFlags {
  readonly config: string
  readonly file?: string
  readonly label?: string
  readonly expires?: number
  readonly network?: string[]
  readonly sender?: string[]
  readonly json?: boolean
}

const appFile = ['--file <file>', 'file of app passwords; then the YAML is not read'] as const

export function declareAppPasswords(passwd: Command, io: Io, finish: Finish): void {
  const app = passwd
    .command('app')
    .description('add, list and remove app passwords: secrets that single programs of a user log in with')
  describeCommand(
    app.command('add'),
    'make an app password of a user and print it; it is not shown again',
    'the user has an app password with this label',
  )
    .argument('<user>')
    .requiredOption('--label <label>', 'name of the program or device, such as phone')
    .option('--expires <when>', 'number of days, or a date such as 2027-01-31 (default: never)', readExpiry)
    .option('--network <network>', 'may log in only from this address or network; may be repeated', collect)
    .option(
      '--sender <address>',
      "may send only as this address, @domain or *.domain of the user's; may be repeated",
      collect,
    )
    .option(...configFile)
    .option(...appFile)
    .option(...asJson)
    .action(async (user: string, flags: AppFlags) => {
      const { addAppPassword } = await import('./app-password-command.ts')
      const { label = '', expires = null, network: networks = [], sender: senders = [], json = false } = flags
      const limits = { expires, networks, senders }
      finish(await addAppPassword({ ...flags, ...limits, user, label, json, now: systemClock.now() }, io))
    })
  app
    .command('list')
    .description('list the app passwords with their last use, and flag those that are unused for 90 days or expired')
    .argument('[user]', 'only of this user')
    .option(...configFile)
    .option(...asJson)
    .action(async (user: string | undefined, { config, json = false }: AppFlags) => {
      const { listAppPasswords } = await import('./app-password-list.ts')
      finish(await listAppPasswords({ config, user, json, clock: systemClock }, io))
    })
  describeCommand(app.command('remove'), 'remove an app password of a user', 'the user has no such app password')
    .argument('<user>')
    .argument('<label>')
    .option(...configFile)
    .option(...appFile)
    .option(...asJson)
    .action(async (user: string, label: string, { json = false, ...flags }: AppFlags) => {
      const { removeAppPassword } = await import('./app-password-command.ts')
      finish(await removeAppPassword({ ...flags, user, label, json }, io))
    })
}

const DAY_MS = 86_400_000
/** A hundred years: a larger number is a mistake. */
const MOST_DAYS = 36_500

/** Unix milliseconds. A date is the last day, in UTC. */
function readExpiry(text: string): number {
  const [, days] = /^(\d{1,5})d?$/.exec(text) ?? []
  if (days !== undefined && Number(days) > 0 && Number(days) <= MOST_DAYS)
    return systemClock.now() + Number(days) * DAY_MS
  const day = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN
  if (Number.isNaN(day)) throw new InvalidArgumentError('expected a number of days, or a date such as 2027-01-31')
  return day + DAY_MS
}
