// Room queue: control from a second process, on the database itself, whether the node runs or not. SQLite's locking orders the steps with
// the node's commits; the node sees the change at its next commit or within a second. Synchronous, for the command line. It never claims,
// accepts or recovers, and unlinks spool files only after the commit that freed them.

import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { ControlRequest, ControlResult, ControlStep, ControlStepResult, SteerRequest } from './control.ts'
import { defaultRetrySettings } from './retry.ts'
import { Store } from './store.ts'
import { QueueUnavailable } from './unavailable.ts'

export class DirectControl {
  readonly #directory: string
  readonly #now: () => number
  readonly #store: Store

  /** Opens the queue of a data directory. Throws QueueUnavailable. */
  constructor(directory: string, now: () => number) {
    this.#directory = directory
    this.#now = now
    this.#store = new Store({ directory, retry: defaultRetrySettings, random: Math.random, owner: false, now: now() })
  }

  /** Applies an action to every recipient that matches, in short transactions between those of a running node. */
  control(request: ControlRequest): ControlResult {
    let changed = 0
    let afterAttempt = 0
    for (let after: number | null = 0; after !== null; ) {
      const step = this.#step({ kind: 'act', ...request, after, now: this.#now() })
      if (step.kind !== 'act') break
      changed += step.changed
      afterAttempt += step.afterAttempt
      after = step.next
    }
    return { changed, afterAttempt }
  }

  /** False if it already was suspended. */
  suspend(request: SteerRequest): boolean {
    const result = this.#step({ kind: 'suspend', ...request, now: this.#now() })
    return result.kind === 'flag' && result.changed
  }

  /** False if it was not suspended. */
  resume(request: SteerRequest): boolean {
    const result = this.#step({ kind: 'resume', ...request, now: this.#now() })
    return result.kind === 'flag' && result.changed
  }

  close(): void {
    this.#store.close()
  }

  #step(step: ControlStep): ControlStepResult {
    const { values, failures } = this.#store.run([{ operation: { kind: 'control', step }, octets: new Uint8Array(0) }])
    const failure = failures[0]?.[1]
    if (failure?.kind === 'unavailable') throw new QueueUnavailable(failure.cause, failure.message)
    if (failure) throw new Error(`queue control failed: ${failure.message}`)
    for (const file of this.#store.takeChanges().freed) rmSync(join(this.#directory, 'spool', file), { force: true })
    return values[0] as ControlStepResult
  }
}
