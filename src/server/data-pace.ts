// Decides whether a client sends DATA too slowly: a limit for the whole message, one for silence, and a minimum rate against slow-byte
// attacks. Time in which the node does not read (a slow disk) does not count.

import type { Clock } from '../lib/clock.ts'
import type { ServerLimits } from './server-limits.ts'
import { shrunk } from './session-timing.ts'

export interface DataPace {
  /**
   * The sweep calls this. True if the client is too slow.
   * @param octets received so far
   * @param blocked true if the node, not the client, delays the message
   * @param pressure of the place of the session (session-places.ts)
   */
  tooSlow(octets: number, blocked: boolean, pressure: number): boolean
}

type PaceLimits = Pick<
  ServerLimits,
  'dataMs' | 'dataIdleMs' | 'dataRate' | 'dataGraceMs' | 'fullDataMs' | 'fullCommandMs'
>

export function createDataPace(limits: PaceLimits, clock: Pick<Clock, 'monotonic'>): DataPace {
  let last = clock.monotonic()
  let lastOctets = 0
  let waited = 0
  let silent = 0
  return {
    tooSlow: (octets, blocked, pressure) => {
      const now = clock.monotonic()
      const passed = now - last
      last = now
      if (!blocked) waited += passed
      silent = octets > lastOctets || blocked ? 0 : silent + passed
      lastOctets = octets
      if (waited > shrunk(limits.dataMs, limits.fullDataMs, pressure)) return true
      if (silent > shrunk(limits.dataIdleMs, limits.fullCommandMs, pressure)) return true
      return waited > limits.dataGraceMs && octets < (limits.dataRate * waited) / 1000
    },
  }
}
