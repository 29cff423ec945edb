// The store in the process of a command, beside a running node or in place of a stopped one. Synchronous; spool files are deleted after the
// commit that removed their message.

import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Database } from 'better-sqlite3'
import type { TransferStepAnswers, TransferStep } from '../transfer/transfer-step.ts'
import type { OperationResults, Operation } from './worker/worker-protocol.ts'
import { defaultRetrySettings } from '../scheduling/retry-schedule.ts'
import { Store } from './store/store.ts'
import { QueueUnavailable } from '../contract/queue-unavailable.ts'

const NO_OCTETS = new Uint8Array(0)
/** Operations between two runs of the background work, which no node does in place of the command. */
const RUNS_PER_HOUSEKEEPING = 32

export class DirectStore {
  readonly #directory: string
  readonly #store: Store
  #runs = 0

  private constructor(directory: string, store: Store) {
    this.#directory = directory
    this.#store = store
  }

  /** Opens a queue beside its node, or of a stopped node without owning it. Throws QueueUnavailable. */
  static shared(directory: string, now: number): DirectStore {
    return new DirectStore(directory, openStore(directory, now, false))
  }

  /** Opens a queue as its owner; no node can start until it is closed. Throws QueueUnavailable, `owned` while the node runs. */
  static owned(directory: string, now: number): DirectStore {
    return new DirectStore(directory, openStore(directory, now, true))
  }

  /** Opens a queue as its owner, or beside the node if the node runs. Throws QueueUnavailable. */
  static either(directory: string, now: number): DirectStore {
    try {
      return DirectStore.owned(directory, now)
    } catch (error) {
      if (!(error instanceof QueueUnavailable) || error.cause !== 'owned') throw error
      return DirectStore.shared(directory, now)
    }
  }

  /** The connection, for reads. */
  get database(): Database {
    return this.#store.database
  }

  spoolPath(file: string): string {
    return join(this.#directory, 'spool', file)
  }

  /** Runs one operation in one transaction. Throws QueueUnavailable. */
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
    if (++this.#runs % RUNS_PER_HOUSEKEEPING === 0) this.#store.housekeep(false)
    return values[0] as OperationResults[K]
  }

  /** Runs one step of a transfer. */
  step<K extends TransferStep['kind']>(
    step: TransferStep & { kind: K },
    now: number,
    octets: Uint8Array = NO_OCTETS,
  ): TransferStepAnswers[K] {
    return this.run({ kind: 'transfer', step, now }, octets) as TransferStepAnswers[K]
  }

  /** Writes the write-ahead log into the database and cuts it off; does nothing while a reader needs it. */
  cutLog(): void {
    this.#store.database.pragma('wal_checkpoint(TRUNCATE)')
  }

  close(): void {
    this.#store.close()
  }
}

function openStore(directory: string, now: number, owner: boolean): Store {
  return new Store({ directory, retry: defaultRetrySettings, random: Math.random, owner, now })
}
