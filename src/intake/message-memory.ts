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
  let lease: Lease | null = null
  let counted = 0
  let used = 0
  /** Octets that the budget has to hold for so many in memory. */
  const wanted = (octets: number) => Math.ceil(Math.max(0, octets - FREE_OCTETS) / STEP_OCTETS) * STEP_OCTETS
  const count = (octets: number): boolean => {
    if (lease) return lease.extend(octets) === null
    const taken = pool.take(holder, octets)
    if (taken.kind === 'short') return false
    lease = taken
    return true
  }
  return {
    take: (octets) => {
      const missing = wanted(used + octets) - counted
      if (missing > 0 && !count(missing)) return false
      if (missing > 0) counted += missing
      used += octets
      return true
    },
    give: (octets) => {
      used -= octets
      const spare = counted - wanted(used)
      counted -= spare
      lease?.shrink(spare)
    },
    release: () => lease?.release(),
  }
}

/** The error of a message that does not fit: the client gets 452 4.3.1 and tries again. */
export function noMemory(): QueueUnavailable {
  return new QueueUnavailable('full', 'no memory for the message: the budget messageMemory is used up')
}
