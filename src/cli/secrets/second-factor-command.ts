// waypost passwd totp list|remove: the second factors of people at the page for people. Exit code 1 if the person has none, 2 for an unusable
// file.

import { identityOf } from '../../auth/passwd-authenticator.ts'
import { openSecondFactors } from '../../auth/second-factors.ts'
import { readKeys } from '../../config/data-key.ts'
import { commandClock } from '../../lib/clock.ts'
import type { AccountChangedEvent } from '../../observe/events.ts'
import { asUnavailable } from '../../queue/contract/queue-unavailable.ts'
import { recordInLedger } from '../../queue/sqlite/direct-access.ts'
import { queueDirectory, secondFactorsPath } from '../../wiring/node-paths.ts'
import { FAILED, type Io, json, line, OK, USAGE } from '../io.ts'
import { withDataDirectory } from '../place/node-place.ts'

export interface SecondFactorOptions {
  readonly config: string
  readonly json: boolean
}

export function listSecondFactors({ config, json: asJson }: SecondFactorOptions, io: Io): Promise<number> | number {
  return withFactors(config, io, async (factors) => {
    const rows = (await factors.list()).map(({ user, since, recoveryLeft }) => ({
      user,
      since: new Date(since).toISOString(),
      recoveryCodes: recoveryLeft,
    }))
    if (asJson) json(io.stdout, rows)
    else
      for (const text of rows.length === 0
        ? ['no second factors']
        : rows.map(({ user, since, recoveryCodes }) => `${user}  since ${since}, ${recoveryCodes} recovery codes left`))
        line(io.stdout, text)
    return OK
  })
}

/** The person signs in with the password alone from then on. @param order.by the operator, for the ledger */
export function removeSecondFactor(
  { config, user, by, json: asJson }: SecondFactorOptions & { readonly user: string; readonly by: string },
  io: Io,
): Promise<number> | number {
  return withFactors(config, io, async (factors, data) => {
    const keys = readKeys(config, ['domain'])
    const identity = identityOf(user, keys.kind === 'bad' ? '' : (keys.text('domain') ?? ''))
    if (!(await factors.turnOff(identity))) {
      line(io.stderr, `${user} has no second factor`)
      return FAILED
    }
    const event = { at: commandClock.now(), queueId: null, account: `user:${identity}`, by } as const
    record(data, { kind: 'account-changed', ...event, change: 'second-factor-off' }, io)
    if (asJson) json(io.stdout, { user: identity, result: 'removed' })
    else line(io.stdout, `${identity}: second factor removed`)
    return OK
  })
}

/** The factor is gone already, so a ledger that cannot be written does not fail the command. */
function record(data: string, event: AccountChangedEvent, io: Io): void {
  try {
    recordInLedger(queueDirectory({ data }), [event], commandClock)
  } catch (error) {
    const { message } = asUnavailable(error) ?? (error as Error)
    line(io.stderr, `the ledger does not have this change: ${message} (warning)`)
  }
}

function withFactors(
  config: string,
  io: Io,
  use: (factors: ReturnType<typeof openSecondFactors>, data: string) => Promise<number>,
): Promise<number> | number {
  return withDataDirectory({ config }, io, async (data) => {
    try {
      return await use(openSecondFactors(secondFactorsPath({ data }), commandClock), data)
    } catch (error) {
      line(io.stderr, (error as Error).message)
      return USAGE
    }
  })
}
