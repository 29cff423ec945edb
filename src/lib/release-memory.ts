// Gives the memory that the heaps of this process do not need back to the system. V8 keeps the pages of the busiest moment otherwise: after
// a start, 20 MiB of the main thread and some of every other one.

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Worker } from 'node:worker_threads'

/** What a thread gets that releases its memory together with the main thread. A BroadcastChannel would cost 4 MiB in each thread. */
export const RELEASE = { kind: 'release-memory' } as const
export type Release = typeof RELEASE

/** Several collections, which also drop compiled code that has not run lately, and an end of V8's pool of free pages. */
const COLLECT = "gc({ type: 'major', execution: 'sync', flavor: 'last-resort' })"

const threads = new Set<Worker>()

/**
 * Lets `collectGarbage` work in this process. Call it before threads start and before code is loaded that V8 keeps in compiled form: each
 * such form is only good for the flags that it was made with.
 */
export function allowCollections(): void {
  setFlagsFromString('--expose-gc')
}

/** Releases the memory of this thread, which stands still for 2 ms for each MiB of live objects. Throws without `allowCollections`. */
export function collectGarbage(): void {
  // The function is only in contexts that are made after the flag was set. To keep such a context would cost 0.5 MiB.
  runInNewContext(COLLECT)
}

/** From now on the thread gets `RELEASE` when this one releases its memory; it answers with `collectGarbage`. */
export function releaseTogether(thread: Worker): void {
  threads.add(thread)
  thread.once('exit', () => threads.delete(thread))
}

/** Releases the memory of this thread and of those of `releaseTogether`. Throws without `allowCollections`. */
export function releaseMemory(): void {
  collectGarbage()
  for (const thread of threads) thread.postMessage(RELEASE)
}
