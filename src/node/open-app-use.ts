// The file of the last uses of app passwords. It is written once a minute, and only if there was a login: no login waits for the disk.

import { openAppPasswordUse } from '../auth/app-password-use.ts'
import type { AppPasswordUse } from '../auth/app-password-use.ts'
import type { Config } from '../config/config.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { appPasswordUsePath } from '../wiring/node-paths.ts'

/** A kill loses the uses of this time only, ms. */
const SAVE_EVERY_MS = 60_000

export interface AppUsePorts {
  readonly clock: Clock
  readonly log: Pick<Log, 'warn'>
  readonly stops: AsyncDisposableStack
}

/** Rejects if the file cannot be read. */
export async function openAppUse(config: Config, { clock, log, stops }: AppUsePorts): Promise<AppPasswordUse> {
  const use = await openAppPasswordUse(appPasswordUsePath(config), clock)
  const save = () =>
    use.save().catch((error: Error) => log.warn({ cause: error.message }, 'the uses of app passwords cannot be saved'))
  stops.defer(save)
  const saving = clock.every(SAVE_EVERY_MS, () => void save())
  stops.defer(() => saving.cancel())
  return use
}
