// The queue of a running node: opened or created, purged of old events, and the cause if it fails.

import type { Pool } from '../budget/pool.ts'
import type { Config } from '../config/config.ts'
import { type Clock, systemClock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { makeDirectory } from '../lib/make-directory.ts'
import { systemRandom } from '../lib/random.ts'
import type { OpenQueue, OpenReport } from '../queue/contract/opened-queue.ts'
import { openQueue } from '../queue/sqlite/open-queue.ts'
import { queueSettings } from '../wiring/node-settings.ts'
import { inDataDirectory } from './start-failure.ts'

/** How often events older than `queue.keep_events` are removed from the ledger. */
const PURGE_INTERVAL_MS = 3_600_000
/** How often unused pages are overwritten, with all of them: deleted mail stays in them for so long. */
const OVERWRITE_INTERVAL_MS = 24 * 3_600_000

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

type PurgeParts = Omit<QueueParts, 'octets'> & { readonly clock: Pick<Clock, 'now' | 'every'> }

/** Removes old events from the ledger, and personal data from younger ones, until the stop. */
export function startPurging(
  { queue: { keep_events: keepMs }, privacy: { forget } }: Pick<Config, 'queue' | 'privacy'>,
  queue: Pick<OpenQueue, 'purge' | 'forget' | 'overwriteUnused'>,
  { clock, log, stops }: PurgeParts,
): void {
  let overwrittenAt = Number.NEGATIVE_INFINITY
  let isRunning = false
  const purge = async () => {
    if (isRunning) return
    isRunning = true
    try {
      const now = clock.now()
      await queue.purge(now - keepMs)
      // The purge never removes the last entry.
      await queue.forget('addresses', now - Math.min(keepMs, forget.addresses))
      await queue.forget('ips', now - Math.min(keepMs, forget.ips))
      if (now - overwrittenAt < OVERWRITE_INTERVAL_MS) return
      await queue.overwriteUnused()
      overwrittenAt = now
    } finally {
      isRunning = false
    }
  }
  const purging = clock.every(PURGE_INTERVAL_MS, () => {
    purge().catch((error: unknown) => log.bug(error, 'purge of the event ledger'))
  })
  stops.defer(() => purging.cancel())
}

function logOpening({ recovered, orphansRemoved, lost }: OpenReport, log: Log): void {
  if (recovered > 0) log.warn({ recovered }, 'the last run ended during attempts; they are retried')
  if (orphansRemoved > 0) log.info({ orphansRemoved }, 'spool files without a message were removed')
  for (const one of lost)
    log.error({ ...one }, 'the body of a queued message is missing or damaged; its recipients are held')
}
