// A counting semaphore for asynchronous work: at most `size` holders, the others wait in the order they came.

import { abortReason } from './clock.ts'

export interface Semaphore {
  /** Holders at this moment. */
  readonly held: number
  /** How many wait. */
  readonly waiting: number
  /** Resolves with the function that gives the place back (calling it again does nothing). Rejects if the signal aborts first. */
  acquire(signal?: AbortSignal): Promise<() => void>
  /** Takes a place only if one is free now and nobody waits. */
  tryAcquire(): (() => void) | null
  /** Holds a place while `work` runs, whatever its end. */
  run<T>(work: () => Promise<T>): Promise<T>
}

interface Waiter {
  readonly wake: (release: () => void) => void
}

/** @param size places, at least 1 */
export function createSemaphore(size: number): Semaphore {
  if (!Number.isInteger(size) || size < 1) throw new RangeError(`a semaphore needs at least one place, not ${size}`)
  // A Set keeps the order of arrival and lets an aborted waiter leave in constant time.
  const waiters = new Set<Waiter>()
  let held = 0
  const take = (): (() => void) => {
    let released = false
    return () => {
      if (released) return
      released = true
      passOn()
    }
  }
  const passOn = () => {
    const [next] = waiters
    if (!next) {
      held--
      return
    }
    waiters.delete(next)
    next.wake(take())
  }
  const tryAcquire = () => {
    if (held >= size || waiters.size > 0) return null
    held++
    return take()
  }
  const acquire = (signal?: AbortSignal) => {
    if (signal?.aborted) return Promise.reject(abortReason(signal))
    const release = tryAcquire()
    return release ? Promise.resolve(release) : wait(waiters, signal)
  }
  return {
    get held() {
      return held
    },
    get waiting() {
      return waiters.size
    },
    acquire,
    tryAcquire,
    run: async (work) => {
      const release = await acquire()
      try {
        return await work()
      } finally {
        release()
      }
    },
  }
}

function wait(waiters: Set<Waiter>, signal: AbortSignal | undefined): Promise<() => void> {
  return new Promise((resolve, reject) => {
    const leave = () => {
      waiters.delete(waiter)
      reject(abortReason(signal as AbortSignal))
    }
    const waiter: Waiter = {
      wake: (release) => {
        signal?.removeEventListener('abort', leave)
        resolve(release)
      },
    }
    waiters.add(waiter)
    signal?.addEventListener('abort', leave, { once: true })
  })
}
