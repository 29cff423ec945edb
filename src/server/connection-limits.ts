// Limits the sessions of one listener, in all and per client network.

import { clientNetwork } from '../lib/ip-address.ts'
import type { ServerLimits } from './server-limits.ts'

export interface ConnectionSlots {
  /** Occupies a slot. Returns a function that frees it (calls after the first have no effect), or null if none is free. */
  occupy(ip: string): (() => void) | null
  readonly occupied: number
}

export function createConnectionSlots(
  limits: Pick<ServerLimits, 'connections' | 'connectionsPerClient'>,
): ConnectionSlots {
  const perClient = new Map<string, number>()
  let occupied = 0
  const free = (client: string) => {
    occupied--
    const left = (perClient.get(client) ?? 1) - 1
    if (left === 0) perClient.delete(client)
    else perClient.set(client, left)
  }
  return {
    get occupied() {
      return occupied
    },
    occupy: (ip) => {
      const client = clientNetwork(ip)
      const own = perClient.get(client) ?? 0
      if (occupied >= limits.connections || own >= limits.connectionsPerClient) return null
      occupied++
      perClient.set(client, own + 1)
      let freed = false
      return () => {
        if (freed) return
        freed = true
        free(client)
      }
    },
  }
}
