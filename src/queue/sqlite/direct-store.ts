// Room queue: the store in the process of a command: beside its running node, or in its place when it does not run. Synchronous; spool
// files are unlinked only after the commit that freed them.

import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Database } from 'better-sqlite3'
import type { TransferStepAnswers, TransferStep } from '../transfer/transfer-step.ts'
import type { OperationResults, Operation } from './worker/worker-protocol.ts'
import { defaultRetrySettings } from '../scheduling/retry-schedule.ts'
import { Store } from './store/store.ts'
import { QueueUnavailable } from '../contract/queue-unavailable.ts'

const NO_OCTETS = new Uint8Array(0)
/** Operations after which the ledger's index is looked at: where no node runs, nobody else does it. */
const RUNS_PER_LOOK = 32

export class DirectStore {
  readonly #directory: string
  readonly #store: Store
  #runs = 0

  private constructor(directory: string, store: Store) {
    this.#directory = directory
    this.#store = store
  }

  /** Opens a queue beside its node, or of a stopped one without becoming its owner. Throws QueueUnavailable. */
  static shared(directory: string, now: number): DirectStore {
    return new DirectStore(directory, openStore(directory, now, false))
  }

  /** Becomes the owner of a queue: refused while its node runs; no node can start until it is closed. */
  static owned(directory: string, now: number): DirectStore {
    return new DirectStore(directory, openStore(directory, now, true))
  }

  /** Becomes the owner if no node runs, works beside the node if one does. */
  static either(directory: string, now: number): DirectStore {
    try {
      return DirectStore.owned(directory, now)
    } catch (error) {
      if (!(error instanceof QueueUnavailable) || error.cause !== 'owned') throw error
      return DirectStore.shared(directory, now)
    }
  }

  /** For reading beside the operations. */
  get database(): Database {
    return this.#store.database
  }

  spoolPath(file: string): string {
    return join(this.#directory, 'spool', file)
  }

  /** Runs one operation in a transaction of its own. Throws QueueUnavailable. */
  run<K extends Operation['kind']>(
    operation: Operation & { kind: K },
    octets: Uint8Array = NO_OCTETS,
  ): OperationResults[K] {
    const { values, failures } = this.#store.run([{ operation, octets }])
    const failure = failures[0]?.[1]
    if (failure?.kind === 'unavailable') throw new QueueUnavailable(failure.cause, failure.message)
    if (failure) throw new Error(`queue operation failed: ${failure.message}`)
    for (const file of this.#store.takeChanges().freed) rmSync(this.spoolPath(file), { force: true })
    this.#store.takeOctets()
    if (++this.#runs % RUNS_PER_LOOK === 0) this.#store.housekeep(false)
    return values[0] as OperationResults[K]
  }

  /** Runs one step of a hand-over. */
  step<K extends TransferStep['kind']>(
    step: TransferStep & { kind: K },
    now: number,
    octets: Uint8Array = NO_OCTETS,
  ): TransferStepAnswers[K] {
    return this.run({ kind: 'transfer', step, now }, octets) as TransferStepAnswers[K]
  }

  close(): void {
    this.#store.close()
  }
}

function openStore(directory: string, now: number, owner: boolean): Store {
  return new Store({ directory, retry: defaultRetrySettings, random: Math.random, owner, now })
}
