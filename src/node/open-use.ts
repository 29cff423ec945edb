// The files of the last uses of app passwords and of client certificates. They are written once a minute, and only after a login: no login waits
// for the disk.

import { openLastUses } from '../auth/last-uses.ts'
import type { LastUsesFile } from '../auth/last-uses.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'

/** A kill loses the uses of this time only, ms. */
const SAVE_EVERY_MS = 60_000

/** How often what is too old is forgotten. */
const FORGET_EVERY_MS = 3_600_000

export interface UsePorts {
  readonly clock: Clock
  readonly log: Pick<Log, 'warn'>
  readonly stops: AsyncDisposableStack
  /** Milliseconds after which logins are forgotten: `privacy.forget.accounts`. */
  readonly keepMs: number
}

/** Rejects if the file cannot be read. */
export async function openUse(path: string, ports: UsePorts): Promise<LastUsesFile> {
  return saveOften(await openLastUses(path, ports.clock), ports)
}

/** A file of logins. */
interface LoginFile {
  save(): Promise<void>
  forget(before: number): void
}

/** Saves a file of logins, and forgets what is too old, until the stop. */
export function saveOften<File extends LoginFile>(use: File, { clock, log, stops, keepMs }: UsePorts): File {
  const forget = () => use.forget(clock.now() - keepMs)
  forget()
  const save = () =>
    use.save().catch((error: Error) => log.warn({ cause: error.message }, 'the last logins cannot be saved'))
  stops.defer(save)
  const saving = clock.every(SAVE_EVERY_MS, () => void save())
  const forgetting = clock.every(FORGET_EVERY_MS, forget)
  stops.defer(() => {
    saving.cancel()
    forgetting.cancel()
  })
  return use
}
