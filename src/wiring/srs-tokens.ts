// Config → the store of senders that are too long for SRS, on nodes that rewrite.

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '../config/config.ts'
import type { Clock } from '../lib/clock.ts'
import type { TokenStore } from '../route/srs/srs-token.ts'
import { openTokenFile, readTokenFile } from '../route/srs/token-file.ts'
import type { TokenFile } from '../route/srs/token-file.ts'

const DAY_MS = 86_400_000

/** Null where the role rewrites nobody. Rejects if the file cannot be had. */
export async function openSrsTokens(config: Config, clock: Clock): Promise<TokenFile | null> {
  const place = placeOf(config)
  if (!place) return null
  mkdirSync(config.data, { recursive: true, mode: 0o700 })
  return openTokenFile(place.path, { at: clock.now(), maxAgeDays: place.maxAgeDays })
}

/** What the node's store would answer, for a command that asks and changes nothing; null as above, and where nobody may read it. */
export async function readSrsTokens(config: Config, clock: Clock): Promise<TokenStore | null> {
  const place = placeOf(config)
  if (!place) return null
  return readTokenFile(place.path, { at: clock.now(), maxAgeDays: place.maxAgeDays }).catch(() => null)
}

function placeOf(config: Config): { readonly path: string; readonly maxAgeDays: number } | null {
  if (!config.role.srs.rewrite || !config.srs) return null
  return { path: join(config.data, 'srs-tokens'), maxAgeDays: Math.round(config.srs.max_age / DAY_MS) }
}
