// Opens the log of a node on standard output.

import type { Config } from '../config/config.ts'
import { commandClock, systemClock } from '../lib/clock.ts'
import { errorText, type Log } from '../lib/log.ts'
import { systemRandom } from '../lib/random.ts'
import { createLog } from '../observe/create-log.ts'
import type { EventLog } from '../observe/event-log.ts'
import { createDailyKey, type DailyKey, destroyDailyKey } from '../privacy/daily-key.ts'
import { openLogOutput, type LostLines } from '../observe/log-output.ts'
import { privacyKeyPath } from '../wiring/node-paths.ts'
import { logSettings } from '../wiring/node-settings.ts'

const STDOUT = 1

export interface NodeLog {
  readonly log: EventLog
  /** The key of the hashes in it. */
  readonly hashKey: DailyKey
  /** Resolves when all lines are written: await it before the process ends. */
  readonly flush: () => Promise<void>
}

/** Stores the key while an output has hashes, and destroys a stored one otherwise. Call it when the data directory exists. */
export async function keepHashKey(
  config: Config,
  hashKey: DailyKey,
  { log, stops }: { readonly log: Pick<Log, 'warn'>; readonly stops: AsyncDisposableStack },
): Promise<void> {
  stops.defer(() => hashKey.close())
  const path = privacyKeyPath(config)
  const outputs = [logSettings(config, () => hashKey.current()).privacy, config.privacy.webhooks]
  if (outputs.some(({ addresses, ips }) => addresses === 'hash' || ips === 'hash')) return hashKey.keepIn(path)
  await destroyDailyKey(path).catch((error: unknown) =>
    log.warn({ file: path, cause: errorText(error) }, 'the key of earlier hashes cannot be destroyed'),
  )
}

export function openLog(config: Config): NodeLog {
  // A timer that waits for a slow reader must keep the process alive, or the last lines are lost.
  const onLoss = (lost: LostLines): void => {
    const cause = lost.error === null ? 'the reader of the log is too slow' : 'the log cannot be written'
    log.warn(
      { dropped: lost.count, ...(lost.error === null ? {} : { cause: lost.error }) },
      `log lines dropped: ${cause}`,
    )
  }
  const output = openLogOutput(STDOUT, { clock: commandClock, onLoss })
  // Before the log exists no one can be warned, and no key is stored.
  const hashKey = createDailyKey({
    clock: systemClock,
    random: systemRandom,
    log: { warn: (...line) => log.warn(...line) },
  })
  const log: EventLog = createLog(
    logSettings(config, () => hashKey.current()),
    { clock: commandClock, output },
  )
  return { log, hashKey, flush: () => output.flush() }
}
