// Shares of strangers that shrink while a pool fills, so that a few of them cannot fill it, and many can have much of an empty one.

import type { Pool } from './pool.ts'

/** While less than this part of what strangers can have is used, they have their whole share. */
const CALM = 0.5
/** Sites have this many times the share of one client. */
const SITE_FACTOR = 2

/** How near a pool is to full for strangers: 0 in a calm one, 1 in a full one. */
export function pressureOf(pool: Pick<Pool, 'filled'>): number {
  return Math.max(0, (pool.filled('internet') - CALM) / (1 - CALM))
}

/** The shares of one stranger's client and network now. @param least the part of `client` that is left in a full pool */
export function shrinkingShares(
  pool: Pick<Pool, 'filled'>,
  { client, least }: { readonly client: number; readonly least: number },
): { readonly client: number; readonly network: number } {
  const now = Math.max(1, Math.round(client * (1 - (1 - least) * pressureOf(pool))))
  return { client: now, network: now * SITE_FACTOR }
}
