// Sends what waits for one target, oldest first, one at a time. A target that fails is tried again later and later; an event that is too old
// is given up.

import type { Clock } from '../lib/clock.ts'
import type { HookQueue, QueuedHook } from '../state/webhook-contract.ts'
import type { HookResult } from './hook-target.ts'

export interface HookSenderPorts {
  readonly queue: Pick<HookQueue, 'next' | 'finish'>
  readonly clock: Pick<Clock, 'now' | 'monotonic' | 'after'>
  /** One attempt; never rejects. */
  readonly send: (body: string, signal: AbortSignal) => Promise<HookResult>
  /** Called at each end of an attempt, and for each event that is given up. */
  readonly report: (result: HookReport) => void
}

export type HookReport =
  | { readonly kind: 'delivered' }
  /** Tried again at `inMs`. */
  | { readonly kind: 'failed'; readonly cause: string; readonly failures: number; readonly inMs: number }
  | { readonly kind: 'given-up' }

export interface HookSender {
  /** Something may wait. */
  due(): void
  /** Since when every attempt has failed, monotonic milliseconds, with the last cause; null if none has. */
  readonly trouble: { readonly since: number; readonly cause: string } | null
  /** Ends a running attempt; its event stays in the queue. */
  close(): void
}

const SECOND_MS = 1000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS
/** After the first failure; doubled by each further one. */
const FIRST_GAP_MS = 5 * SECOND_MS
/** A target that comes back gets its events within this time. */
const LONGEST_GAP_MS = 10 * MINUTE_MS
/** An alert that is older helps no one, and would hold up newer ones. */
const GIVEN_UP_MS = 72 * HOUR_MS

export function createHookSender(target: string, { queue, clock, send, report }: HookSenderPorts): HookSender {
  const closing = new AbortController()
  let failures = 0
  let trouble: HookSender['trouble'] = null
  let state: 'idle' | 'running' | 'waiting' = 'idle'
  /** Something was added since the queue was asked. */
  let hasMore = false
  const wait = (cause: string) => {
    failures++
    trouble = { since: trouble?.since ?? clock.monotonic(), cause }
    const inMs = Math.min(LONGEST_GAP_MS, FIRST_GAP_MS * 2 ** (failures - 1))
    report({ kind: 'failed', cause, failures, inMs })
    state = 'waiting'
    clock.after(inMs, () => {
      state = 'idle'
      due()
    })
  }
  const isEnded = () => closing.signal.aborted
  /** False if the target must wait. */
  const sendOne = async (hook: QueuedHook): Promise<boolean> => {
    const isTooOld = clock.now() - hook.at > GIVEN_UP_MS
    const result = isTooOld ? null : await send(hook.body, closing.signal)
    if (isEnded()) return true
    if (result?.kind === 'failed') {
      wait(result.cause)
      return false
    }
    await queue.finish(hook.id)
    if (result) [failures, trouble] = [0, null]
    report({ kind: result ? 'delivered' : 'given-up' })
    return true
  }
  const next = async () => {
    const hook = isEnded() ? null : await queue.next(target)
    return isEnded() ? null : hook
  }
  const run = async () => {
    do {
      hasMore = false
      for (let hook = await next(); hook !== null; hook = await next()) if (!(await sendOne(hook))) return
    } while (hasMore && !isEnded())
    state = 'idle'
  }
  const due = () => {
    hasMore = true
    if (state !== 'idle' || isEnded()) return
    state = 'running'
    void run()
  }
  return {
    due,
    get trouble() {
      return trouble
    },
    close: () => closing.abort(),
  }
}
