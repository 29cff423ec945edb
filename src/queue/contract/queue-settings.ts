// Settings of a queue.

import { defaultRetrySettings, type RetrySettings } from '../scheduling/retry-schedule.ts'

export interface QueueSettings {
  /** Holds queue.db, spool/ and the lock files. */
  readonly directory: string
  readonly retry: RetrySettings
  /** Below this many free octets of the file system, health is `full`: accepted mail still needs space until it is delivered. */
  readonly reserveBytes: number
}

/** Enough for a thousand spooled messages in transit and the write-ahead log. */
const DEFAULT_RESERVE_BYTES = 256 * 1024 * 1024

export function queueSettings(directory: string): QueueSettings {
  return { directory, retry: defaultRetrySettings, reserveBytes: DEFAULT_RESERVE_BYTES }
}
