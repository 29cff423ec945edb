// The names that lists are asked about (RFC 5782 2.1, 2.4, 3), and their test points (section 5).

import { reverseName } from '../dns/fcrdns.ts'
import { canonicalName } from '../dns/name.ts'
import { zoneOf } from '../dns/name-zone.ts'
import { addressOctets } from '../lib/ip-address.ts'
import type { DnsList, ListKind, Subject } from './dns-lists.ts'

export interface ListQuestion {
  readonly kind: ListKind
  /** The complete name. */
  readonly name: string
  /** What is asked about, as a text shows it. */
  readonly subject: string
}

/** Null if the list does not have this kind of subject, or if no name can be made from it. */
export function listQuestion(list: DnsList, subject: Subject): ListQuestion | null {
  const kind = kindOf(subject)
  if (kind === null || !list.kinds.includes(kind)) return null
  if (kind !== 'domain') {
    const reversed = reverseName(subject.value)?.replace(/\.(?:in-addr|ip6)\.arpa$/, '')
    return reversed === undefined ? null : { kind, name: `${reversed}.${list.zone}`, subject: subject.value }
  }
  const domain = list.domains === 'registered' ? zoneOf(subject.value) : subject.value
  const name = canonicalName(`${domain}.${list.zone}`)
  return name === null ? null : { kind, name, subject: domain }
}

function kindOf(subject: Subject): ListKind | null {
  if (subject.kind === 'domain') return 'domain'
  const octets = addressOctets(subject.value)
  if (octets === null) return null
  return octets.length === 4 ? 'ip4' : 'ip6'
}

/** An IPv4-mapped address as IPv6, which `reverseName` would take for IPv4: `::FFFF:7F00:2` and `::FFFF:7F00:1`. */
const mappedLoopback = (last: string) => `${last}.0.0.0.0.0.f.7.f.f.f.f${'.0'.repeat(20)}`

/** RFC 5782 section 5: what every list contains, and what no list contains. */
export function testPoints(
  list: DnsList,
  kind: ListKind,
): { readonly listed: ListQuestion; readonly notListed: ListQuestion } {
  const point = (labels: string, subject: string) => ({ kind, name: `${labels}.${list.zone}`, subject })
  switch (kind) {
    case 'ip4':
      return { listed: point('2.0.0.127', '127.0.0.2'), notListed: point('1.0.0.127', '127.0.0.1') }
    case 'ip6':
      return {
        listed: point(mappedLoopback('2'), '::ffff:7f00:2'),
        notListed: point(mappedLoopback('1'), '::ffff:7f00:1'),
      }
    case 'domain':
      return { listed: point(list.testDomain, list.testDomain), notListed: point('invalid', 'invalid') }
  }
}
