// The queue of a running node: opened or created, purged of old events, and the cause if it fails.

import type { Pool } from '../budget/pool.ts'
import type { Config } from '../config/config.ts'
import { systemClock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { makeDirectory } from '../lib/make-directory.ts'
import { systemRandom } from '../lib/random.ts'
import type { OpenQueue, OpenReport } from '../queue/contract/opened-queue.ts'
import { openQueue } from '../queue/sqlite/open-queue.ts'
import { queueSettings } from '../wiring/node-settings.ts'
import { inDataDirectory } from './start-failure.ts'

/** How often events older than `queue.keep_events` are removed from the ledger. */
const PURGE_INTERVAL_MS = 3_600_000

interface QueueParts {
  readonly log: Log
  readonly stops: AsyncDisposableStack
  readonly octets: Pool
}

/** Opens or creates the queue. Rejects with QueueUnavailable. */
export async function openNodeQueue(config: Config, { log, stops, octets }: QueueParts): Promise<OpenQueue> {
  const settings = queueSettings(config)
  const queue = await inDataDirectory(() => {
    makeDirectory(settings.directory)
    return openQueue(settings, { clock: systemClock, randomBytes: systemRandom, octets })
  })
  stops.defer(() => queue.close())
  logOpening(queue.opened, log)
  return queue
}

/** Resolves with the cause when the queue has failed and the log is written. */
export async function queueFailure(queue: OpenQueue, log: Log, flush: () => Promise<void>): Promise<string> {
  const cause = await new Promise<string>((resolve) => queue.onFatal(resolve))
  log.error({ cause }, 'the queue failed; shutting down')
  await flush()
  return cause
}

/** Removes old events from the ledger until the stop. */
export function startPurging(config: Config, queue: OpenQueue, { log, stops }: Omit<QueueParts, 'octets'>): void {
  const purging = systemClock.every(PURGE_INTERVAL_MS, () => {
    const before = systemClock.now() - config.queue.keep_events
    queue.purge(before).catch((error: unknown) => log.bug(error, 'purge of the event ledger'))
  })
  stops.defer(() => purging.cancel())
}

function logOpening({ recovered, orphansRemoved, lost }: OpenReport, log: Log): void {
  if (recovered > 0) log.warn({ recovered }, 'the last run ended during attempts; they are retried')
  if (orphansRemoved > 0) log.info({ orphansRemoved }, 'spool files without a message were removed')
  for (const one of lost)
    log.error({ ...one }, 'the body of a queued message is missing or damaged; its recipients are held')
}
