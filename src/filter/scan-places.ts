// Places for virus scans. A client has few scans at a time and its other messages wait, so that one client with messages that take long to scan
// does not hold all threads of clamd.

import { isIP } from 'node:net'
import type { Budgets } from '../budget/budgets.ts'
import type { Holder } from '../budget/pool.ts'
import { shrinkingShares } from '../budget/shrinking-shares.ts'
import type { Clock } from '../lib/clock.ts'
import type { VirusRequest } from './virus-scan.ts'

export interface ScanPlaces {
  /** Resolves with the place when the scan can start, or with the reason why it cannot within `limitMs`. */
  enter(client: ScanClient, limitMs: number): Promise<ScanPlace | ScanShortage>
}

export type ScanClient = Pick<VirusRequest, 'remoteIp' | 'account'>

export interface ScanPlace {
  readonly kind: 'place'
  release(): void
}

export interface ScanShortage {
  readonly kind: 'busy'
  readonly cause: string
}

/** The part of its share that a client has while all places are used. */
const LEAST_SHARE = 0.1

export function createScanPlaces({ budgets, clock }: { readonly budgets: Budgets; readonly clock: Clock }): ScanPlaces {
  const places = budgets.pool('virusScans')
  const running = budgets.pool('runningVirusScans')
  /** In the order of arrival; each starts its scan if it can. At most as many as `places`. */
  const waiting = new Set<() => void>()
  const start = (holder: Holder) => {
    if (!running.fits(holder)) return null
    const taken = running.take(holder)
    return taken.kind === 'lease' ? taken : null
  }
  const wake = () => {
    for (const tryToStart of waiting) tryToStart()
  }
  const turnOf = (holder: Holder, limitMs: number) => {
    const now = start(holder)
    if (now) return now
    const { promise, resolve } = Promise.withResolvers<ReturnType<typeof start>>()
    const end = (lease: ReturnType<typeof start>) => {
      waiting.delete(tryToStart)
      timer.cancel()
      resolve(lease)
    }
    const timer = clock.after(limitMs, () => end(null))
    const tryToStart = () => {
      const lease = start(holder)
      if (lease) end(lease)
    }
    waiting.add(tryToStart)
    return promise
  }
  return {
    enter: async ({ remoteIp, account }, limitMs) => {
      const holder = holderOf(remoteIp, account)
      const shares = shrinkingShares(places, { client: places.client, least: LEAST_SHARE })
      const place = places.take({ ...holder, ...(holder.ip !== undefined && { shares }) })
      if (place.kind === 'short') return { kind: 'busy', cause: `too many messages are scanned: ${place.shortage}` }
      const turn = await turnOf(holder, limitMs)
      if (turn === null) {
        place.release()
        return { kind: 'busy', cause: `the other messages of the client took more than ${limitMs} ms` }
      }
      return {
        kind: 'place',
        release: () => {
          turn.release()
          place.release()
          wake()
        },
      }
    },
  }
}

function holderOf(remoteIp: string | null, account: string | null): Holder {
  if (account !== null) return { purpose: 'people', account }
  if (remoteIp === null || isIP(remoteIp) === 0) return { purpose: 'internet' }
  return { purpose: 'internet', ip: remoteIp }
}
