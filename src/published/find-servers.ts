// The authoritative servers of the zone of a name: the zone by its SOA record (RFC 1034 4.3.4), its NS records, and their addresses.

import type { DnsServer, Exchange } from '../dns/exchange.ts'
import { lookupAddresses } from '../dns/host-addresses.ts'
import type { Resolver } from '../dns/resolver.ts'
import { createObserver, type Observer, QUERY_TIMEOUT_MS } from './observer.ts'

export type ZoneServers =
  | {
      readonly kind: 'found'
      readonly zone: string
      readonly observers: readonly Observer[]
      readonly servers: readonly DnsServer[]
    }
  | { readonly kind: 'unavailable'; readonly cause: string }

/** Zones have two to six servers; more would only cost time. */
const MAX_SERVERS = 6
const DNS_PORT = 53

export interface FindServersPorts {
  readonly resolver: Resolver
  /** Recursive servers that are asked for the SOA record, in this order. */
  readonly recursive: readonly DnsServer[]
  readonly exchange: Exchange
  /** Port of authoritative servers; another one than 53 only in tests. */
  readonly port?: number
}

/** Remembers what it found, for the names of one check. */
export function createServerFinder(ports: FindServersPorts): (name: string) => Promise<ZoneServers> {
  const zones = new Map<string, Promise<ZoneServers>>()
  const names = new Map<string, Promise<string | null>>()
  return async (name) => {
    const zone = await remembered(names, name, () => findZone(name, ports))
    if (zone === null) return { kind: 'unavailable', cause: 'the resolver names no zone' }
    return remembered(zones, zone, () => findServers(zone, ports))
  }
}

function remembered<T>(cache: Map<string, Promise<T>>, key: string, find: () => Promise<T>): Promise<T> {
  const known = cache.get(key) ?? find()
  cache.set(key, known)
  return known
}

/** The closest name above with an SOA record; null if no server answers. */
export async function findZone(
  name: string,
  { recursive, exchange }: Pick<FindServersPorts, 'recursive' | 'exchange'>,
): Promise<string | null> {
  const labels = name.split('.')
  for (let skip = 0; skip < labels.length; skip++) {
    const found = await soaOwner(labels.slice(skip).join('.'), recursive, exchange)
    if (found.kind !== 'other') return found.kind === 'owner' ? found.zone : null
  }
  return null
}

type SoaOwner = { readonly kind: 'owner'; readonly zone: string } | { readonly kind: 'other' | 'unavailable' }

async function soaOwner(name: string, servers: readonly DnsServer[], exchange: Exchange): Promise<SoaOwner> {
  for (const server of servers) {
    const result = await exchange(server, { name, type: 'SOA' }, { timeoutMs: QUERY_TIMEOUT_MS, edns: true })
    if (result.kind === 'failed' || !['NOERROR', 'NXDOMAIN'].includes(result.rcode)) continue
    const records = [...(result.packet.answers ?? []), ...(result.packet.authorities ?? [])]
    const owner = records.find((record) => record.type === 'SOA')?.name.toLowerCase()
    // The SOA record of the target of an alias says nothing about the alias.
    const isAbove = owner !== undefined && owner !== '' && (name === owner || name.endsWith(`.${owner}`))
    return isAbove ? { kind: 'owner', zone: owner } : { kind: 'other' }
  }
  return { kind: 'unavailable' }
}

async function findServers(zone: string, ports: FindServersPorts): Promise<ZoneServers> {
  const { resolver, exchange, port = DNS_PORT } = ports
  const answer = await resolver.resolve(zone, 'NS')
  if (answer.kind !== 'found')
    return { kind: 'unavailable', cause: answer.kind === 'absent' ? `${zone} has no NS records` : answer.cause }
  const servers = await Promise.all(
    answer.records.slice(0, MAX_SERVERS).map(async (name) => {
      const found = await lookupAddresses(resolver, name)
      if (found.kind !== 'found') return []
      // IPv4 first: this host may have no IPv6, and a server has the same zone on both.
      const host = (found.addresses.find(({ family }) => family === 4) ?? found.addresses[0])?.address
      return host === undefined ? [] : [{ server: { host, port }, name }]
    }),
  )
  const found = servers.flat()
  const observers = found.map((one) => createObserver({ ...one, exchange }))
  if (found.length > 0) return { kind: 'found', zone, observers, servers: found.map(({ server }) => server) }
  return { kind: 'unavailable', cause: `no server of ${zone} has an address` }
}
