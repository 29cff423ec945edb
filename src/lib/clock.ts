// Time as a port: nothing else in the program reads the clock or sleeps, so tests can set both.

/** A source of time. Times are unix milliseconds, durations milliseconds. */
export interface Clock {
  /** The current time. */
  now(): number
  /** Resolves after `ms`; rejects with the signal's reason if it aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

/** The machine's own clock. Sleeping does not keep the process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) => sleep(ms, { signal, keeps: false }),
}

/** The same for a command, whose process has nothing else to live for while it waits. */
export const commandClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) => sleep(ms, { signal, keeps: true }),
}

function sleep(
  ms: number,
  { signal, keeps }: { readonly signal: AbortSignal | undefined; readonly keeps: boolean },
): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(abortReason(signal))
    const abort = () => {
      clearTimeout(timer)
      reject(abortReason(signal as AbortSignal))
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort)
      resolve()
    }, ms)
    if (!keeps) timer.unref()
    signal?.addEventListener('abort', abort, { once: true })
  })
}

function abortReason(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error('aborted')
}
