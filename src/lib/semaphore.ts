// A counting semaphore for asynchronous work: at most `size` holders, the others wait in order of arrival.

import { abortReason } from './clock.ts'

export interface Semaphore {
  /** Number of current holders. */
  readonly held: number
  /** Number of waiting callers. */
  readonly waiting: number
  /** Resolves with a function that releases the place (a second call has no effect). Rejects if the signal aborts first. */
  acquire(signal?: AbortSignal): Promise<() => void>
}

interface Waiter {
  readonly wake: (release: () => void) => void
}

/** @param size places, at least 1 */
export function createSemaphore(size: number): Semaphore {
  if (!Number.isInteger(size) || size < 1) throw new RangeError(`a semaphore needs at least one place, not ${size}`)
  // A Set keeps the order of arrival and removes an aborted waiter in constant time.
  const waiters = new Set<Waiter>()
  let held = 0
  const createRelease = (): (() => void) => {
    let released = false
    return () => {
      if (released) return
      released = true
      passPlace()
    }
  }
  const passPlace = () => {
    const [next] = waiters
    if (!next) {
      held--
      return
    }
    waiters.delete(next)
    next.wake(createRelease())
  }
  const tryAcquire = () => {
    if (held >= size || waiters.size > 0) return null
    held++
    return createRelease()
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
  }
}

function wait(waiters: Set<Waiter>, signal: AbortSignal | undefined): Promise<() => void> {
  return new Promise((resolve, reject) => {
    const abortWait = () => {
      waiters.delete(waiter)
      reject(abortReason(signal as AbortSignal))
    }
    const waiter: Waiter = {
      wake: (release) => {
        signal?.removeEventListener('abort', abortWait)
        resolve(release)
      },
    }
    waiters.add(waiter)
    signal?.addEventListener('abort', abortWait, { once: true })
  })
}
