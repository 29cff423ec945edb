// How many sessions at once, in all and per client (an IPv4 address or an IPv6 /64, which is what one customer has).

import { clientNetwork } from '../lib/ip-address.ts'

export interface AdmissionLimits {
  readonly connections: number
  readonly connectionsPerClient: number
}

export interface Admission {
  /** A place, given back by calling it (more than once does nothing), or null if there is none. */
  admit(ip: string): (() => void) | null
  readonly open: number
}

export function createAdmission(limits: AdmissionLimits): Admission {
  const perClient = new Map<string, number>()
  let open = 0
  const leave = (client: string) => {
    open--
    const left = (perClient.get(client) ?? 1) - 1
    if (left === 0) perClient.delete(client)
    else perClient.set(client, left)
  }
  return {
    get open() {
      return open
    },
    admit: (ip) => {
      const client = clientNetwork(ip)
      const own = perClient.get(client) ?? 0
      if (open >= limits.connections || own >= limits.connectionsPerClient) return null
      open++
      perClient.set(client, own + 1)
      let left = false
      return () => {
        if (left) return
        left = true
        leave(client)
      }
    },
  }
}
