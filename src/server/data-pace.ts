// Judges the pace of DATA: a whole-message deadline, silence, and an average rate that slow-byte attacks do not reach.
// Time in which we do not read (a slow disk, a busy check) is not held against the client.

import type { ServerLimits } from './server-limits.ts'

export interface DataPace {
  /** Called by the sweep: octets so far, and whether it is us who hold the client up. True if the client is too slow. */
  tooSlow(now: number, octets: number, blockedByUs: boolean): boolean
}

type PaceLimits = Pick<ServerLimits, 'dataMs' | 'dataIdleMs' | 'dataRate' | 'dataGraceMs'>

export function createDataPace(limits: PaceLimits, startedAt: number): DataPace {
  let last = startedAt
  let lastOctets = 0
  let waited = 0
  let silent = 0
  return {
    tooSlow: (now, octets, blockedByUs) => {
      const passed = Math.max(0, now - last)
      last = now
      if (!blockedByUs) waited += passed
      silent = octets > lastOctets || blockedByUs ? 0 : silent + passed
      lastOctets = octets
      if (waited > limits.dataMs || silent > limits.dataIdleMs) return true
      return waited > limits.dataGraceMs && octets < (limits.dataRate * waited) / 1000
    },
  }
}
