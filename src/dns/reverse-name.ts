// The name under which the DNS keeps what belongs to an address (RFC 1035 3.5, RFC 3596 2.5). Two spellings of one address have one such
// name, so it also tells whether two addresses are the same.

import { isIP } from 'node:net'

/** `1.2.0.192.in-addr.arpa` of `192.0.2.1`, 32 nibbles below `ip6.arpa` of an IPv6 address; null if the text is no address. */
export function reverseName(ip: string): string | null {
  const [address = ''] = ip.split('%')
  const version = isIP(address)
  if (version === 0) return null
  if (version === 4) return fourName(address)
  const groups = sixGroups(address)
  // An IPv4 client of a socket of both families (RFC 4291 2.5.5.2).
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) {
    const [high = 0, low = 0] = groups.slice(6)
    return fourName([high >> 8, high & 0xff, low >> 8, low & 0xff].join('.'))
  }
  const nibbles = groups.map((group) => group.toString(16).padStart(4, '0')).join('')
  return `${nibbles.split('').toReversed().join('.')}.ip6.arpa`
}

function fourName(address: string): string {
  return `${address.split('.').toReversed().join('.')}.in-addr.arpa`
}

/** The eight groups of a valid IPv6 address. */
function sixGroups(address: string): number[] {
  const [head = '', tail] = address.split('::')
  const front = readGroups(head)
  if (tail === undefined) return front
  const back = readGroups(tail)
  return [...front, ...Array.from({ length: 8 - front.length - back.length }, () => 0), ...back]
}

function readGroups(text: string): number[] {
  if (text === '') return []
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return [Number.parseInt(group, 16)]
    const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number)
    return [a * 256 + b, c * 256 + d]
  })
}
