// The octets of one arriving message that are in memory: its header section, and its body while it is small. The first ones belong to the
// session; more count in the budget `messageMemory`, so that many unfinished messages do not use up the memory of the node.

import type { Holder, Lease, Pool } from '../budget/pool.ts'
import { QueueUnavailable } from '../queue/contract/queue-unavailable.ts'

export interface MessageMemory {
  /** Counts octets before they are kept. False, and nothing is counted, if there is no space for them. */
  take(octets: number): boolean
  /** These octets are no longer in memory. */
  give(octets: number): void
  /** The message is stored or refused. */
  release(): void
}

/** Octets of each message that need no place in the budget, so that usual mail gets in while strangers have filled it. */
const FREE_OCTETS = 64 * 1024
/** Octets that are counted at once. */
const STEP_OCTETS = 16 * 1024

export function createMessageMemory(pool: Pool, holder: Holder): MessageMemory {
  return new CountedMemory(pool, holder)
}

/** Octets that the budget has to hold for so many in memory. */
function wanted(octets: number): number {
  return Math.ceil(Math.max(0, octets - FREE_OCTETS) / STEP_OCTETS) * STEP_OCTETS
}

/** A class: there is one for each message. */
class CountedMemory implements MessageMemory {
  readonly #pool: Pool
  readonly #holder: Holder
  #lease: Lease | null = null
  #counted = 0
  #used = 0

  constructor(pool: Pool, holder: Holder) {
    this.#pool = pool
    this.#holder = holder
  }

  take(octets: number): boolean {
    const missing = wanted(this.#used + octets) - this.#counted
    if (missing > 0 && !this.#count(missing)) return false
    if (missing > 0) this.#counted += missing
    this.#used += octets
    return true
  }

  give(octets: number): void {
    this.#used -= octets
    const spare = this.#counted - wanted(this.#used)
    this.#counted -= spare
    this.#lease?.shrink(spare)
  }

  release(): void {
    this.#lease?.release()
  }

  #count(octets: number): boolean {
    if (this.#lease) return this.#lease.extend(octets) === null
    const taken = this.#pool.take(this.#holder, octets)
    if (taken.kind === 'short') return false
    this.#lease = taken
    return true
  }
}

/** The error of a message that does not fit: the client gets 452 4.3.1 and tries again. */
export function noMemory(): QueueUnavailable {
  return new QueueUnavailable('full', 'no memory for the message: the budget messageMemory is used up')
}
