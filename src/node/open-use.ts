// The files of the last uses of app passwords and of client certificates. They are written once a minute, and only after a login: no login waits
// for the disk.

import { openLastUses } from '../auth/last-uses.ts'
import type { LastUses } from '../auth/last-uses.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'

/** A kill loses the uses of this time only, ms. */
const SAVE_EVERY_MS = 60_000

export interface UsePorts {
  readonly clock: Clock
  readonly log: Pick<Log, 'warn'>
  readonly stops: AsyncDisposableStack
}

/** Rejects if the file cannot be read. */
export async function openUse(path: string, ports: UsePorts): Promise<LastUses> {
  return saveOften(await openLastUses(path, ports.clock), ports)
}

/** Saves a file of logins until the stop. */
export function saveOften<File extends { save(): Promise<void> }>(use: File, { clock, log, stops }: UsePorts): File {
  const save = () =>
    use.save().catch((error: Error) => log.warn({ cause: error.message }, 'the last logins cannot be saved'))
  stops.defer(save)
  const saving = clock.every(SAVE_EVERY_MS, () => void save())
  stops.defer(() => saving.cancel())
  return use
}
