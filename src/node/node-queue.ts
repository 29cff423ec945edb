// Config → the queue in the node's data directory.

import { join } from 'node:path'
import { mkdirSync } from 'node:fs'
import type { Config } from '../config/config.ts'
import type { Clock } from '../lib/clock.ts'
import { systemRandom } from '../lib/random.ts'
import { openQueue } from '../queue/sqlite/open-queue.ts'
import type { OpenQueue } from '../queue/contract/opened-queue.ts'

/** Where the queue of a node lies. */
export function queueDirectory(config: Pick<Config, 'data'>): string {
  return join(config.data, 'queue')
}

/** Opens or creates it. Rejects with QueueUnavailable. */
export async function openNodeQueue(config: Config, clock: Clock): Promise<OpenQueue> {
  const { minimal_backoff, maximal_backoff, lifetime, delay_warning, min_free } = config.queue
  const directory = queueDirectory(config)
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  return openQueue(
    {
      directory,
      retry: {
        minimalGapMs: minimal_backoff,
        maximalGapMs: maximal_backoff,
        lifetimeMs: lifetime,
        bounceLifetimeMs: lifetime,
        delayWarningMs: delay_warning ?? null,
      },
      reserveBytes: min_free,
    },
    { clock, randomBytes: systemRandom },
  )
}
