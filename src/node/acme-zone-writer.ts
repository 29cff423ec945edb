// Publishes the TXT records of DNS-01 by dynamic updates (RFC 2136), also where `_acme-challenge` is an alias into another zone.

import type { ZoneWriter } from '../certificates/zone-challenge.ts'
import type { DnsServer, Exchange } from '../dns/exchange.ts'
import type { Resolver } from '../dns/resolver.ts'
import type { Clock } from '../lib/clock.ts'
import type { TsigKey } from '../lib/tsig-key.ts'
import { updateZone, type UpdateResult } from '../published/dynamic-update.ts'
import { createServerFinder, findZone } from '../published/find-servers.ts'
import { readPresent } from '../published/present-set.ts'
import { wireData } from '../published/record-data.ts'

export interface ZoneWriterSettings {
  /** Takes the updates. */
  readonly server: DnsServer
  /** Null: the server trusts the address of the node. */
  readonly key: TsigKey | null
  /** Null: the closest zone above the record. */
  readonly zone: string | null
  /** Ms in which the servers of the zone have to have a record. */
  readonly timeoutMs: number
}

export interface ZoneWriterPorts {
  readonly resolver: Resolver
  /** Recursive servers, for the zone of a name. */
  readonly recursive: () => Promise<readonly DnsServer[]>
  readonly exchange: Exchange
  readonly clock: Pick<Clock, 'now' | 'monotonic' | 'sleep'>
}

/** The record is there for one order. */
const RECORD_TTL_S = 60
const POLL_MS = 1000
/** As resolvers follow them. */
const MOST_ALIASES = 8

export function createZoneWriter(settings: ZoneWriterSettings, ports: ZoneWriterPorts): ZoneWriter {
  return {
    add: async (owner, value) => {
      const place = await placeOf(owner, settings, ports)
      if (typeof place === 'string') return place
      const cause = failureOf(await change('add', place, { value, settings, ports }))
      return cause ?? waitUntilServed(place, value, { settings, ports })
    },
    remove: async (owner, value) => {
      const place = await placeOf(owner, settings, ports)
      return typeof place === 'string' ? place : failureOf(await change('remove', place, { value, settings, ports }))
    },
  }
}

interface Place {
  readonly zone: string
  readonly name: string
}

interface Parts {
  readonly settings: ZoneWriterSettings
  readonly ports: ZoneWriterPorts
}

async function placeOf(owner: string, { zone }: ZoneWriterSettings, ports: ZoneWriterPorts): Promise<Place | string> {
  let name = owner.toLowerCase()
  for (let links = 0; ; links++) {
    const answer = await ports.resolver.resolve(name, 'CNAME', { purpose: 'delivery' })
    if (answer.kind === 'unavailable') return answer.cause
    const [target] = answer.kind === 'found' ? answer.records : []
    if (target === undefined) break
    if (links >= MOST_ALIASES) return `${owner} has more than ${MOST_ALIASES} aliases`
    name = target
  }
  const found = zone ?? (await findZone(name, { recursive: await ports.recursive(), exchange: ports.exchange }))
  if (found === null) return `the resolver does not answer which zone has ${name}`
  return name === found || name.endsWith(`.${found}`)
    ? { zone: found, name }
    : `${name} is outside of the zone ${found}`
}

function change(
  action: 'add' | 'remove',
  { zone, name }: Place,
  { value, settings, ports }: Parts & { readonly value: string },
): Promise<UpdateResult> {
  const data = wireData('TXT', value).subarray(2)
  // Without a prerequisite: other records of the name belong to other orders, such as that of a wildcard.
  const changes = [{ action, name, type: 'TXT', ttl: RECORD_TTL_S, data }] as const
  return updateZone({ zone, expected: [], changes }, settings, { now: () => ports.clock.now() })
}

function failureOf(result: UpdateResult): string | null {
  return result.kind === 'updated' ? null : result.cause
}

/** Secondary servers get the zone later, and the authority may ask any of them. One that does not answer is not waited for. */
async function waitUntilServed(place: Place, value: string, { settings, ports }: Parts): Promise<string | null> {
  const { exchange, clock, resolver } = ports
  const find = createServerFinder({ resolver, recursive: await ports.recursive(), exchange })
  const found = await find(place.name)
  const servers = [settings.server, ...(found.kind === 'found' ? found.servers : [])]
  const end = clock.monotonic() + settings.timeoutMs
  for (;;) {
    const present = await Promise.all(
      servers.map((one) => readPresent(one, { name: place.name, type: 'TXT' }, exchange)),
    )
    const [primary] = present
    const behind = present.findIndex(
      (one) => one.kind === 'known' && !one.records.some(({ written }) => written === value),
    )
    if (behind < 0 && primary?.kind === 'known') return null
    if (clock.monotonic() >= end) {
      const { host, port } = servers[Math.max(0, behind)] as DnsServer
      return `${host}:${port} does not have the record after ${settings.timeoutMs / 1000} s`
    }
    await clock.sleep(POLL_MS)
  }
}
