// Deadlines around servers and libraries that may never answer.

import type { Clock } from '../lib/clock.ts'

export interface Deadline {
  readonly clock: Pick<Clock, 'after'>
  readonly ms: number
  /** The message of the error with which the signal aborts. */
  readonly reason: string
  /** Ends the work early. */
  readonly signal?: AbortSignal
}

/** Runs `work` with a signal that aborts at the deadline, or when the given signal does. The work itself has to obey it. */
export async function withDeadline<T>(
  { clock, ms, reason, signal }: Deadline,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const expiry = new AbortController()
  const timer = clock.after(ms, () => expiry.abort(new Error(reason)))
  try {
    return await work(signal ? AbortSignal.any([signal, expiry.signal]) : expiry.signal)
  } finally {
    timer.cancel()
  }
}

/** The result of the work. Rejects with the signal's reason if it aborts first; a later result is ignored. */
export function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason as Error)
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}
