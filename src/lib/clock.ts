// Time as a port: only this file reads the system clock or sets timers, so tests can control both.

/** A timer that has been set. Cancelling an expired one has no effect. */
export interface Timer {
  cancel(): void
}

/** A source of time. All durations are milliseconds. */
export interface Clock {
  /** Wall time, unix milliseconds. It can jump. Use it for dates shown to people or other hosts and for times on disk. */
  now(): number
  /** Milliseconds since an arbitrary start; it never goes back. Use it for deadlines, back-offs, ages and rates in memory. */
  monotonic(): number
  /** Resolves after `ms`; rejects with the signal's reason if it aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /** Calls `run` once after `ms`; as soon as possible if that is below zero, as for a time that has passed. */
  after(ms: number, run: () => void): Timer
  /** Calls `run` every `ms` until cancelled. */
  every(ms: number, run: () => void): Timer
}

/** Node.js fires timers at once that are longer, and warns of those below zero. */
const LONGEST_MS = 2 ** 31 - 1

/** The system's clock for a daemon: its timers do not keep the process alive. */
export const systemClock: Clock = createClock({ keepsProcess: false })

/** The system's clock for a command, which waits with nothing else running: its timers keep the process alive. */
export const commandClock: Clock = createClock({ keepsProcess: true })

function createClock({ keepsProcess }: { readonly keepsProcess: boolean }): Clock {
  const started = (timer: NodeJS.Timeout) => (keepsProcess ? timer : timer.unref())
  const after = (ms: number, run: () => void): Timer => {
    let timer: NodeJS.Timeout
    const arm = (left: number) => {
      const next = left > LONGEST_MS ? () => arm(left - LONGEST_MS) : run
      timer = started(setTimeout(next, Math.min(Math.max(0, left), LONGEST_MS)))
    }
    arm(ms)
    return { cancel: () => clearTimeout(timer) }
  }
  return {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    sleep: (ms, signal) => sleep(after, ms, signal),
    after,
    every: (ms, run) => {
      const timer = started(setInterval(run, ms))
      return { cancel: () => clearInterval(timer) }
    },
  }
}

function sleep(after: Clock['after'], ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(abortReason(signal))
    const abort = () => {
      timer.cancel()
      reject(abortReason(signal as AbortSignal))
    }
    const timer = after(ms, () => {
      signal?.removeEventListener('abort', abort)
      resolve()
    })
    signal?.addEventListener('abort', abort, { once: true })
  })
}

/** The reason of an aborted signal as an error. */
export function abortReason(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error('aborted')
}
