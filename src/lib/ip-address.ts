// IP addresses: what is one client, which networks hold an address, and the address classes that rules of the node depend on.
// ipaddr.js parses and compares; `isIP` guards it, because ipaddr.js alone also reads octal, hexadecimal and shortened IPv4.

import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

type Address = ipaddr.IPv4 | ipaddr.IPv6
/** An address class of RFC 6890 by its name in ipaddr.js. Its `reserved` also covers documentation networks: list networks instead. */
export type AddressClass = ReturnType<Address['range']>
/** Leading bits of an IPv6 address that name one customer's network (RFC 6177 section 2: never less than a /64). */
const CLIENT_GROUPS = 4
/** Leading octets of an IPv4 address and groups of an IPv6 address that name one site: the largest network that is usually given to one. */
const SITE_OCTETS = 3
const SITE_GROUPS = 3
const globalUnicast = ipaddr.parseCIDR('2000::/3')
const nonPublic: ReadonlySet<AddressClass> = new Set<AddressClass>([
  'unspecified',
  'private',
  'loopback',
  'linkLocal',
  'carrierGradeNat',
])

/** The address without the prefix of an IPv4-mapped one (RFC 4291 2.5.5.2), which sockets of both families report; lower case. */
export function plainAddress(ip: string): string {
  return /^::ffff:\d+\.\d+\.\d+\.\d+$/i.test(ip) ? ip.slice('::ffff:'.length) : ip.toLowerCase()
}

/**
 * The network that counts as one client: an IPv4 address itself, `2001:db8:0:1::/64` of an IPv6 address. A text that is no address is
 * returned in lower case.
 */
export function clientNetwork(ip: string): string {
  const address = parseAddress(ip)
  if (address === null) return ip.toLowerCase()
  if (address.kind() === 'ipv4') return address.toString()
  return leadingGroups(address as ipaddr.IPv6, CLIENT_GROUPS)
}

/**
 * The network of a site, which can hold many clients: `192.0.2.0/24` of an IPv4 address, `2001:db8:1::/48` of an IPv6 address (RFC 6177
 * section 2). A text that is no address is returned in lower case.
 */
export function siteNetwork(ip: string): string {
  const address = parseAddress(ip)
  if (address === null) return ip.toLowerCase()
  if (address.kind() === 'ipv6') return leadingGroups(address as ipaddr.IPv6, SITE_GROUPS)
  return `${address.toByteArray().slice(0, SITE_OCTETS).join('.')}.0/24`
}

/**
 * The network of `bits` leading bits that holds an address, in the form of `siteNetwork` where it is a site: `192.0.2.0/24`. Null if the
 * text is no address, or has fewer bits.
 */
export function networkAround(ip: string, bits: number): string | null {
  const address = parseAddress(ip)
  if (address === null || bits > address.toByteArray().length * 8) return null
  if (address.kind() === 'ipv6' && (bits === SITE_GROUPS * 16 || bits === CLIENT_GROUPS * 16))
    return leadingGroups(address as ipaddr.IPv6, bits / 16)
  const family = address.kind() === 'ipv4' ? ipaddr.IPv4 : ipaddr.IPv6
  return `${family.networkAddressFromCIDR(`${address.toString()}/${bits}`).toString()}/${bits}`
}

function leadingGroups(address: ipaddr.IPv6, count: number): string {
  const groups = address.parts.slice(0, count).map((group) => group.toString(16))
  return `${groups.join(':')}::/${count * 16}`
}

/** The usual form of an address (RFC 5952); an IPv4-mapped one as IPv4. Null if the text is no address. A zone (RFC 4007) is dropped. */
export function canonicalAddress(ip: string): string | null {
  return parseAddress(ip)?.toString() ?? null
}

/** The text of an address of 4 or 16 octets in network order; an IPv4-mapped one as IPv4. */
export function addressFromOctets(octets: Uint8Array): string {
  const address = ipaddr.fromByteArray([...octets])
  return ipaddr.process(address.toString()).toString()
}

/** The octets of an address in network order, 4 or 16; 4 for an IPv4-mapped one. Null if the text is no address. */
export function addressOctets(ip: string): readonly number[] | null {
  return parseAddress(ip)?.toByteArray() ?? null
}

/** The class of an address; an IPv4-mapped one has the class of its IPv4 address. Null if the text is no address. */
export function addressClass(ip: string): AddressClass | null {
  return parseAddress(ip)?.range() ?? null
}

/** True for an address in 127.0.0.0/8 and for ::1: only programs on this host reach it. */
export function isLoopbackAddress(ip: string): boolean {
  return addressClass(ip) === 'loopback'
}

/** True for `localhost` (RFC 6761 6.3) and for loopback addresses, with or without the brackets of a URL. */
export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || isLoopbackAddress(host.replace(/^\[(.*)\]$/, '$1'))
}

/** Global unicast (RFC 4291 2.4), documentation networks included; of IPv4 all but private, shared, loopback and link-local (RFC 6890). */
export function isPublicAddress(ip: string): boolean {
  const address = parseAddress(ip)
  if (address === null) return false
  return address.kind() === 'ipv4' ? !nonPublic.has(address.range()) : isWithin(address, globalUnicast)
}

/** Reads `192.0.2.0/24`, `2001:db8::/32` or one address, and returns it with its prefix length; null for anything else. */
export function parseNetwork(text: string): string | null {
  const [address = '', prefix, ...more] = text.split('/')
  const family = isIP(address)
  if (family === 0 || more.length > 0) return null
  const bits = family === 4 ? 32 : 128
  if (prefix === undefined) return `${address}/${bits}`
  return /^\d{1,3}$/.test(prefix) && Number(prefix) <= bits ? text : null
}

/**
 * A test whether an address lies in one of these networks. An IPv4-mapped address counts as IPv4, and a zone (RFC 4007) is ignored.
 * @param networks in the form of `parseNetwork`
 */
export function networkMatcher(networks: readonly string[]): (ip: string) => boolean {
  const parsed = networks.map((network) => ipaddr.parseCIDR(network))
  // Most nodes have no balancer and no front end, and each connection asks.
  if (parsed.length === 0) return () => false
  return (ip) => {
    const address = parseAddress(ip)
    return address !== null && parsed.some((network) => isWithin(address, network))
  }
}

/** Both IPv4 and IPv4-mapped notation of a network match an IPv4 address. */
function isWithin(address: Address, network: readonly [Address, number]): boolean {
  const [start, bits] = network
  if (address.kind() === start.kind()) return address.match(start, bits)
  return address.kind() === 'ipv4' && (address as ipaddr.IPv4).toIPv4MappedAddress().match(start, bits)
}

/** Null if the text is no address. Without its zone; an IPv4-mapped IPv6 address as IPv4. */
function parseAddress(text: string): Address | null {
  const [ip = ''] = text.split('%')
  // ipaddr.js takes the deprecated form `::192.0.2.1` (RFC 4291 2.5.5.1) for an IPv4-mapped address; with a leading group it does not.
  return isIP(ip) === 0 ? null : ipaddr.process(ip.replace(/^::(?=\d+\.)/, '0::'))
}
