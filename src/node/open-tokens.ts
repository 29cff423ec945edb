// Opens the store of senders that are too long for SRS.

import { dirname } from 'node:path'
import type { Budgets } from '../budget/budgets.ts'
import type { Config } from '../config/config.ts'
import { systemClock } from '../lib/clock.ts'
import { errorText, type Log } from '../lib/log.ts'
import { makeDirectory } from '../lib/make-directory.ts'
import { createTokenStore, type NodeTokenStore } from '../route/srs/token-store.ts'
import { tokenSettings } from '../wiring/routing-settings.ts'
import { inDataDirectory } from './start-failure.ts'

interface TokenParts {
  readonly budgets: Pick<Budgets, 'stock'>
  readonly log: Log
  readonly stops: AsyncDisposableStack
}

/** Each new token removes expired ones; this is for nodes without new ones. */
const PURGE_INTERVAL_MS = 3_600_000

/** Null if the role does not rewrite senders. Rejects if an operator must act. */
export async function openTokens(config: Config, { budgets, log, stops }: TokenParts): Promise<NodeTokenStore | null> {
  const settings = tokenSettings(config)
  if (!settings) return null
  const stock = budgets.stock('srsTokens', () => store.size)
  const ports = { now: () => systemClock.now(), refused: () => stock.refuse() }
  const store = createTokenStore({ ...settings, capacity: stock.capacity }, ports)
  const error = await inDataDirectory(() => {
    makeDirectory(dirname(settings.path))
    return store.open()
  })
  if (error)
    log.error(
      { file: settings.path, cause: error.message },
      'the SRS tokens cannot be read yet; long senders are deferred',
    )
  const purging = systemClock.every(PURGE_INTERVAL_MS, () => {
    try {
      store.purge()
    } catch (problem) {
      log.warn({ file: settings.path, cause: errorText(problem) }, 'expired SRS tokens cannot be removed')
    }
  })
  stops.defer(() => {
    purging.cancel()
    return store.close()
  })
  return store
}
