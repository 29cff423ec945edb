// Opens the log of a node on standard output.

import type { Config } from '../config/config.ts'
import { commandClock } from '../lib/clock.ts'
import { systemRandom } from '../lib/random.ts'
import { createLog } from '../observe/create-log.ts'
import type { EventLog } from '../observe/event-log.ts'
import { openLogOutput, type LostLines } from '../observe/log-output.ts'
import { logSettings } from '../wiring/node-settings.ts'

/** The key exists only in this process: hashes connect the log lines of one run and cannot be tested against guesses later. */
const HASH_KEY_BYTES = 32
const STDOUT = 1

export interface NodeLog {
  readonly log: EventLog
  /** Resolves when all lines are written: await it before the process ends. */
  readonly flush: () => Promise<void>
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
  const log: EventLog = createLog(logSettings(config, systemRandom(HASH_KEY_BYTES)), { clock: commandClock, output })
  return { log, flush: () => output.flush() }
}
