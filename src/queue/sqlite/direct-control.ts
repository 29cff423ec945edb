// Room queue: control from a second process, on the database itself, whether the node runs or not. SQLite's locking orders the steps with
// the node's commits; the node sees the change at its next commit or within a second. It never claims, accepts or recovers.

import type {
  ControlRequest,
  ControlResult,
  ControlStep,
  ControlStepResult,
  DestinationRequest,
} from '../contract/queue-control.ts'
import { DirectStore } from './direct-store.ts'

/**
 * Between two steps, ms. A node that finds the database locked looks again after a time that grows with its wait (SQLite's busy handler: 25 ms
 * behind the first 33, 50 behind 128, 100 behind 228); with a shorter gap it would not get in before the last step.
 */
const SHORTEST_TURN_MS = 30
const LONGEST_TURN_MS = 110

/** Lets a running node commit what waits there: half as long as the step took. */
function waitATurn(stepMs: number): void {
  const turn = Math.min(LONGEST_TURN_MS, Math.max(SHORTEST_TURN_MS, stepMs / 2))
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, turn)
}

export class DirectControl {
  readonly #now: () => number
  readonly #pause: (stepMs: number) => void
  readonly #store: DirectStore

  /** Opens the queue of a data directory; `pause` is called between two steps. Throws QueueUnavailable. */
  constructor(directory: string, now: () => number, pause: (stepMs: number) => void = waitATurn) {
    this.#now = now
    this.#pause = pause
    this.#store = DirectStore.shared(directory, now())
  }

  /** Applies an action to every recipient that matches, in short transactions between those of a running node. */
  control(request: ControlRequest): ControlResult {
    let changed = 0
    let afterAttempt = 0
    for (let after: number | null = 0; after !== null; ) {
      const now = this.#now()
      const step = this.#step({ kind: 'act', ...request, after, now })
      if (step.kind !== 'act') break
      changed += step.changed
      afterAttempt += step.afterAttempt
      after = step.next
      if (after !== null) this.#pause(this.#now() - now)
    }
    return { changed, afterAttempt }
  }

  /** False if it already was suspended. */
  suspend(request: DestinationRequest): boolean {
    const result = this.#step({ kind: 'suspend', ...request, now: this.#now() })
    return result.kind === 'flag' && result.changed
  }

  /** False if it was not suspended. */
  resume(request: DestinationRequest): boolean {
    const result = this.#step({ kind: 'resume', ...request, now: this.#now() })
    return result.kind === 'flag' && result.changed
  }

  close(): void {
    this.#store.close()
  }

  #step(step: ControlStep): ControlStepResult {
    return this.#store.run({ kind: 'control', step })
  }
}
