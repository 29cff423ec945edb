// Config → the log on standard output.

import type { Config } from '../config/config.ts'
import type { Clock } from '../lib/clock.ts'
import { systemRandom } from '../lib/random.ts'
import { createLog } from '../observe/json-log.ts'
import type { Log } from '../observe/json-log.ts'
import { openLogOutput } from '../observe/log-output.ts'

/** A key that dies with the process: hashes tie lines of one run together and tell nothing later. */
const HASH_KEY_OCTETS = 32
const STDOUT = 1

export interface NodeLog {
  readonly log: Log
  /** Resolves when everything is written: await it before the process ends. */
  readonly flush: () => Promise<void>
}

export function openLog(config: Config, clock: Clock): NodeLog {
  const output = openLogOutput(STDOUT)
  const { level, addresses, ips } = config.log
  const settings = {
    level,
    privacy: { addresses, ips, subjects: 'drop', hashKey: systemRandom(HASH_KEY_OCTETS) },
    base: { node: config.hostname },
  } as const
  return { log: createLog(settings, { clock, output }), flush: () => output.flush() }
}
