// The keys under which an index holds a condition, and those that a message has. A message has a few keys of each condition, whatever the
// number of entries: a domain and its parents, and the networks around an address with the prefix lengths that occur.

import { addressOctets } from '../../lib/ip-address.ts'

/** The domain itself, and each pattern with a leading dot that it is within. */
export function domainKeys(domain: string): readonly string[] {
  const keys = [domain, `.${domain}`]
  for (let dot = domain.indexOf('.'); dot >= 0; dot = domain.indexOf('.', dot + 1)) keys.push(domain.slice(dot))
  return keys
}

/** The key of a network such as `192.0.2.0/24`; its prefix length follows the colon, with the family before it. */
export function networkKey(network: string): string {
  const [address = '', bits = ''] = network.split('/')
  return maskedKey(addressOctets(address) ?? [], Number(bits))
}

/** The keys of the networks that hold an address. @param lengths prefix lengths by the octets of the family */
export function addressKeys(ip: string, lengths: ReadonlyMap<number, ReadonlySet<number>>): readonly string[] {
  const octets = addressOctets(ip)
  if (octets === null) return []
  return [...(lengths.get(octets.length) ?? [])].map((bits) => maskedKey(octets, bits))
}

/** Octets of the family and the prefix length of a network. */
export function networkLength(network: string): readonly [octets: number, bits: number] {
  const [address = '', bits = ''] = network.split('/')
  return [addressOctets(address)?.length ?? 0, Number(bits)]
}

function maskedKey(octets: readonly number[], bits: number): string {
  const masked = octets.map((octet, index) => octet & maskOf(bits - index * 8))
  return `${masked.join('.')}/${bits}`
}

/** The mask of an octet of which this many leading bits count. */
function maskOf(bits: number): number {
  return bits >= 8 ? 0xff : bits <= 0 ? 0 : (0xff << (8 - bits)) & 0xff
}
