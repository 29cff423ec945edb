// Reads a header of the PROXY protocol of either version, and refuses addresses that no client has.

import { addressClass } from '../../lib/ip-address.ts'
import { isBinaryStart, readBinaryHeader } from './binary-header.ts'
import { incomplete, malformed, type ProxyHeader } from './proxy-header.ts'
import { readTextHeader } from './text-header.ts'

/** Reads the header at the start of these octets. Versions 1 and 2 differ in the first octet. */
export function readProxyHeader(octets: Buffer): ProxyHeader {
  if (octets.length === 0) return incomplete
  const header = isBinaryStart(octets) ? readBinaryHeader(octets) : readTextHeader(octets)
  if (header.kind !== 'complete' || header.client === null || canBeClient(header.client.ip)) return header
  return malformed(`${header.client.ip} is not the address of a client`)
}

const noClient: ReadonlySet<string | null> = new Set(['unspecified', 'multicast', 'broadcast'])

/** No TCP connection comes from such an address (RFC 4291 2.5.2, 2.7). */
function canBeClient(ip: string): boolean {
  return !noClient.has(addressClass(ip))
}
