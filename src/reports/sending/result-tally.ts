// Gathers results in memory and passes them on together: a message costs a look-up in a map, and the disk is touched once a minute.

import type { VerifiedResult } from './verified-result.ts'

export interface CountedResult {
  readonly result: VerifiedResult
  readonly count: number
}

export interface ResultTally {
  add(result: VerifiedResult): void
  /** What was gathered; the tally is empty after it. */
  take(): readonly CountedResult[]
  /** Results that did not fit since the start. */
  readonly lost: number
}

/** Different results between two writes: some megabytes. Strangers can make each message a different one. */
const MOST = 5000

export function createResultTally(): ResultTally {
  let counts = new Map<string, { readonly result: VerifiedResult; count: number }>()
  let lost = 0
  return {
    get lost() {
      return lost
    },
    add: (result) => {
      const key = JSON.stringify(result)
      const known = counts.get(key)
      if (known) known.count++
      else if (counts.size < MOST) counts.set(key, { result, count: 1 })
      else lost++
    },
    take: () => {
      const taken = [...counts.values()]
      counts = new Map()
      return taken
    },
  }
}
