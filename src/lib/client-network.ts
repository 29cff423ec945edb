// What counts as one client: an IPv4 address, or the first 64 bits of an IPv6 address, which is what one customer has.

import { isIPv6 } from 'node:net'

/** The address without the IPv4-mapped prefix of dual-stack sockets, in lower case. */
export function plainAddress(ip: string): string {
  return /^::ffff:\d+\.\d+\.\d+\.\d+$/i.test(ip) ? ip.slice(7) : ip.toLowerCase()
}

/** The IPv4 address, or `…::/64`. */
export function clientNetwork(ip: string): string {
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
