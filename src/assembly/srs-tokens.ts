// Config → the store of senders that are too long for SRS, on nodes that rewrite.

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '../config/config.ts'
import type { Clock } from '../lib/clock.ts'
import { openTokenFile } from '../route/token-file.ts'
import type { TokenFile } from '../route/token-file.ts'

const DAY_MS = 86_400_000

/** Null where the role rewrites nobody. Rejects if the file cannot be had. */
export async function openSrsTokens(config: Config, clock: Clock): Promise<TokenFile | null> {
  if (!config.role.srs.rewrite || !config.srs) return null
  mkdirSync(config.data, { recursive: true, mode: 0o700 })
  const maxAgeDays = Math.round(config.srs.max_age / DAY_MS)
  return openTokenFile(join(config.data, 'srs-tokens'), { at: clock.now(), maxAgeDays })
}
