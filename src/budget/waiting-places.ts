// The places of a pool and a bounded queue before them, which is a pool too. A free place goes to the most important purpose, and within it to
// the clients in turn, so that a client with many holders does not delay the others.

import type { Clock } from '../lib/clock.ts'
import { type Purpose, purposes } from './budget.ts'
import type { Holder, Lease, Pool } from './pool.ts'

export interface WaitingPools {
  readonly open: Pool
  readonly waiting: Pool
}

export interface WaitingOptions extends WaitingPools {
  /** Longest wait, ms. */
  readonly waitMs: number
  /** What a place is for, as a refusal names it: one, and many. */
  readonly one: string
  readonly many: string
}

export type Place = Lease | { readonly kind: 'none'; readonly cause: string }

export interface WaitingPlaces {
  /** A place, at once or after a wait. The holder of the lease releases it. */
  take(holder: Holder, signal?: AbortSignal): Lease | Promise<Place>
}

interface Waiter {
  readonly holder: Holder
  readonly wake: (lease: Lease) => void
}

/** Waiters by client, in the order of their next turn. */
type Turns = Map<string, Set<Waiter>>

export function createWaitingPlaces(options: WaitingOptions, clock: Pick<Clock, 'after'>): WaitingPlaces {
  const { open, waiting } = options
  const queue = new Map<Purpose, Turns>(purposes.map((purpose) => [purpose, new Map()]))
  const freed = (lease: Lease): Lease => ({
    ...lease,
    release: () => {
      lease.release()
      wakeFitting()
    },
  })
  const wakeFitting = () => {
    for (const purpose of purposes) {
      const turns = queue.get(purpose) as Turns
      for (const [client, waiters] of turns) {
        if (open.filled(purpose) >= 1) break
        const [waiter] = waiters
        if (waiter === undefined || !open.fits(waiter.holder)) continue
        const taken = open.take(waiter.holder)
        if (taken.kind !== 'lease') continue
        leave(turns, client, waiter)
        // The client goes to the end of the turn.
        if (turns.delete(client) && waiters.size > 0) turns.set(client, waiters)
        waiter.wake(freed(taken))
      }
    }
  }
  const wait = async (holder: Holder, signal: AbortSignal | undefined): Promise<Place> => {
    const queued = waiting.take(holder)
    if (queued.kind === 'short') return none(`too many ${options.many} wait (${queued.shortage})`)
    const turns = queue.get(holder.purpose) as Turns
    const client = holder.ip ?? ''
    try {
      return await new Promise<Place>((resolve) => {
        const end = (place: Place) => {
          timer.cancel()
          signal?.removeEventListener('abort', abort)
          leave(turns, client, waiter)
          resolve(place)
        }
        const waiter: Waiter = { holder, wake: end }
        const abort = () => end(none('aborted while it waited for a place'))
        const timer = clock.after(options.waitMs, () => {
          // Counts as a refusal of the pool, unless a place became free in this moment.
          const last = open.take(holder)
          end(last.kind === 'lease' ? freed(last) : none(`no place for ${options.one} (${last.shortage})`))
        })
        signal?.addEventListener('abort', abort, { once: true })
        turns.set(client, (turns.get(client) ?? new Set()).add(waiter))
      })
    } finally {
      queued.release()
    }
  }
  return {
    take: (holder, signal) => {
      if (signal?.aborted) return Promise.resolve(none('aborted'))
      if (!open.fits(holder)) return wait(holder, signal)
      const taken = open.take(holder)
      return taken.kind === 'lease' ? freed(taken) : wait(holder, signal)
    },
  }
}

function leave(turns: Turns, client: string, waiter: Waiter): void {
  const waiters = turns.get(client)
  waiters?.delete(waiter)
  if (waiters?.size === 0) turns.delete(client)
}

function none(cause: string): Place {
  return { kind: 'none', cause }
}
