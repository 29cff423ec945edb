// Reads a DNS answer packet: follows CNAMEs in it (RFC 1034 3.6.2), takes the lowest TTL, and distinguishes NODATA from NXDOMAIN (RFC 2308).

import { SocketAddress } from 'node:net'
import type dnsPacket from 'dns-packet'
import { canonicalName } from './name.ts'
import type { RecordType, RecordTypes } from './resolver.ts'

export type Reading<T> =
  | { readonly kind: 'records'; readonly records: readonly T[]; readonly ttl: number; readonly name: string }
  | { readonly kind: 'nothing'; readonly nxdomain: boolean; readonly ttl: number }
  /** The packet ends at an alias: the next query is for `name`. */
  | { readonly kind: 'alias'; readonly name: string; readonly ttl: number; readonly links: number }
  /** `ours`: our resolver is the cause, not the owner of the name. */
  | { readonly kind: 'broken'; readonly cause: string; readonly ours: boolean }

/** Longest chain of CNAMEs in one look-up, against loops. Other resolvers allow 8 to 16. */
export const MAX_ALIASES = 10

/** Reads the packet as an answer to `question`. `links` is the number of aliases already followed. */
export function readRecords<T extends RecordType>(
  packet: dnsPacket.DecodedPacket,
  rcode: string,
  question: { readonly name: string; readonly type: T; readonly links: number },
): Reading<RecordTypes[T]> {
  let name = question.name
  let ttl = Number.POSITIVE_INFINITY
  let { links } = question
  for (;;) {
    const own = (packet.answers ?? []).filter((answer) => answer.name.toLowerCase() === name)
    const matching = own.filter((answer) => answer.type === question.type)
    if (matching.length > 0) return collect(matching, question.type, { name, ttl })
    const alias = own.find((answer) => answer.type === 'CNAME')
    if (alias?.type !== 'CNAME') break
    const target = canonicalName(alias.data)
    if (target === null) return broken(`alias of ${name} points to a malformed name`)
    if (++links > MAX_ALIASES) return broken(`more than ${MAX_ALIASES} aliases from ${question.name}`)
    ttl = Math.min(ttl, alias.ttl ?? 0)
    name = target
  }
  const negativeTtl = soaTtl(packet)
  const moved = name !== question.name
  if (rcode === 'NXDOMAIN') return { kind: 'nothing', nxdomain: true, ttl: Math.min(ttl, negativeTtl ?? 0) }
  // An SOA shows that the resolver followed the chain to its end (RFC 2308 2.2). Without it the target needs another query.
  if (moved && negativeTtl === null) return { kind: 'alias', name, ttl, links }
  if (negativeTtl === null && isReferral(packet))
    return { ...broken('the server refers to others instead of asking them'), ours: true }
  return { kind: 'nothing', nxdomain: false, ttl: Math.min(ttl, negativeTtl ?? 0) }
}

function broken(cause: string): Reading<never> & { readonly kind: 'broken' } {
  return { kind: 'broken', cause, ours: false }
}

function collect<T extends RecordType>(
  answers: readonly dnsPacket.Answer[],
  type: T,
  chain: { readonly name: string; readonly ttl: number },
): Reading<RecordTypes[T]> {
  const records: RecordTypes[T][] = []
  let { ttl } = chain
  for (const answer of answers) {
    if (answer.type === 'OPT') continue
    records.push(recordData(answer, type))
    ttl = Math.min(ttl, (answer as { ttl?: number }).ttl ?? 0)
  }
  return { kind: 'records', records, ttl, name: chain.name }
}

/** The record's data in the shape of resolver.ts. Buffers are copied: a slice would keep the whole packet in memory. */
function recordData<T extends RecordType>(answer: dnsPacket.Answer, type: T): RecordTypes[T] {
  // The caller selects answers of this type, so the reader of this type fits.
  const { data } = answer as unknown as { data: never }
  const readers: { [K in RecordType]: (data: never) => RecordTypes[K] } = {
    A: (address: string) => address,
    // The form of RFC 5952, which addresses of network interfaces have. dns-packet shortens the first run of zeros instead of the longest.
    AAAA: (address: string) => new SocketAddress({ address, family: 'ipv6' }).address,
    MX: (mx: dnsPacket.MxData) => ({ preference: mx.preference ?? 0, exchange: plain(mx.exchange) }),
    TXT: (text: readonly Buffer[]) => text.map((chunk) => Buffer.from(chunk)),
    PTR: plain,
    CNAME: plain,
    NS: plain,
    SRV: (srv: dnsPacket.SrvData) => ({
      priority: srv.priority ?? 0,
      weight: srv.weight ?? 0,
      port: srv.port,
      target: plain(srv.target),
    }),
    TLSA: (tlsa: dnsPacket.TlsaData) => ({
      usage: tlsa.usage,
      selector: tlsa.selector,
      matchingType: tlsa.matchingType,
      data: Buffer.from(tlsa.certificate),
    }),
  }
  return readers[type](data)
}

/** Lower case, no final dot; the root is the empty string. */
function plain(name: string): string {
  return (name.endsWith('.') ? name.slice(0, -1) : name).toLowerCase()
}

/** RFC 2308 2.2.1: NS records without an SOA are a referral, not a negative answer: the server does not recurse for this client. */
function isReferral(packet: dnsPacket.DecodedPacket): boolean {
  return (packet.authorities ?? []).some((authority) => authority.type === 'NS')
}

/** RFC 2308 5: the lower of the SOA's own TTL and its MINIMUM field; null without SOA. */
function soaTtl(packet: dnsPacket.DecodedPacket): number | null {
  for (const authority of packet.authorities ?? []) {
    if (authority.type === 'SOA') return Math.min(authority.ttl ?? 0, authority.data.minimum ?? 0)
  }
  return null
}
