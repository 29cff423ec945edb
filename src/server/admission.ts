// How many sessions at once, in all and per client (an IPv4 address or an IPv6 /64, which is what one customer has).

import { isIPv6 } from 'node:net'

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
      const client = clientOf(ip)
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

/** The address without the IPv4-mapped prefix of dual-stack sockets. */
export function plainAddress(ip: string): string {
  return /^::ffff:\d+\.\d+\.\d+\.\d+$/i.test(ip) ? ip.slice(7) : ip.toLowerCase()
}

/** What counts as one client: the IPv4 address, or the first 64 bits of an IPv6 address. */
export function clientOf(ip: string): string {
  const plain = plainAddress(ip)
  return isIPv6(plain) ? `${expand(plain).slice(0, 4).join(':')}::/64` : plain
}

function expand(ip: string): string[] {
  const address = ip.split('%')[0] as string
  const [head, tail] = address.split('::') as [string, string | undefined]
  const left = head === '' ? [] : head.split(':')
  if (tail === undefined) return left.map(bare)
  const right = tail === '' ? [] : tail.split(':')
  const missing = Math.max(0, 8 - left.length - right.length)
  return [...left, ...Array<string>(missing).fill('0'), ...right].map(bare)
}

function bare(group: string): string {
  return group.replace(/^0+(?=.)/, '')
}
