// Room queue: what a node sets about its queue.

import { defaultRetrySettings, type RetrySettings } from '../scheduling/retry-schedule.ts'

export interface QueueSettings {
  /** The node's data directory for the queue: holds queue.db, spool/ and the locks of who works on them. */
  readonly directory: string
  readonly retry: RetrySettings
  /** Below this many free octets of the file system, health says `full`: accepted mail still needs room to be worked on. */
  readonly reserveBytes: number
}

/** Enough for a thousand spooled messages under way and the write-ahead log. */
const DEFAULT_RESERVE_BYTES = 256 * 1024 * 1024

export function queueSettings(directory: string): QueueSettings {
  return { directory, retry: defaultRetrySettings, reserveBytes: DEFAULT_RESERVE_BYTES }
}
