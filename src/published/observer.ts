// One DNS server as a witness of what is published: an authoritative server of a zone, or a resolver.

import type { DnsServer, Exchange } from '../dns/exchange.ts'
import type { Exchanged } from '../dns/query-packet.ts'
import { formatEndpoint } from '../lib/endpoint.ts'
import type { PlannedType } from './planned-record.ts'
import { writtenData } from './record-data.ts'

export type Observed =
  /** `data` as in a zone file; an alias in place of the records is `CNAME target.`. `ttl` in seconds. */
  | { readonly kind: 'found'; readonly data: readonly string[]; readonly ttl: number; readonly authentic: boolean }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unavailable'; readonly cause: string }

export interface Observer {
  /** Name or address for people. */
  readonly label: string
  observe(name: string, type: PlannedType): Promise<Observed>
}

/** A query over two networks takes less than a second; a lost datagram costs this time once. */
export const QUERY_TIMEOUT_MS = 3_000
const TRIES = 2
/** So many queries without an answer in a row, of the hundred that a check sends to a server. */
const DEAD_AFTER = 6

/** The network for one check: it does not ask a server again that has failed several times in a row. */
export function givingUp(exchange: Exchange): Exchange {
  const failures = new Map<string, number>()
  return async (server, question, options) => {
    const key = formatEndpoint(server)
    const before = failures.get(key) ?? 0
    if (before >= DEAD_AFTER) return { kind: 'failed', cause: 'no answer to the questions before' }
    const result = await exchange(server, question, options)
    failures.set(key, result.kind === 'answered' ? 0 : (failures.get(key) ?? 0) + 1)
    return result
  }
}

export interface ObserverSettings {
  readonly server: DnsServer
  /** Name of the server, if it has one. */
  readonly name?: string
  readonly exchange: Exchange
}

export function createObserver({ server, name, exchange }: ObserverSettings): Observer {
  const address = formatEndpoint(server).replace(/:53$/, '')
  const label = name === undefined ? address : `${name} (${address})`
  const ask = async (question: { readonly name: string; readonly type: PlannedType }): Promise<Exchanged> => {
    let result: Exchanged = { kind: 'failed', cause: 'not asked' }
    for (let attempt = 0; attempt < TRIES; attempt++) {
      result = await exchange(server, question, { timeoutMs: QUERY_TIMEOUT_MS, edns: true })
      if (result.kind === 'answered' && result.rcode === 'FORMERR')
        result = await exchange(server, question, { timeoutMs: QUERY_TIMEOUT_MS, edns: false })
      if (result.kind === 'answered') break
    }
    return result
  }
  return { label, observe: async (owner, type) => read(await ask({ name: owner, type }), owner, type) }
}

function read(result: Exchanged, name: string, type: PlannedType): Observed {
  if (result.kind === 'failed') return { kind: 'unavailable', cause: result.cause }
  const { packet, rcode } = result
  if (rcode === 'NXDOMAIN') return { kind: 'absent' }
  if (rcode !== 'NOERROR') return { kind: 'unavailable', cause: rcode }
  const answers = packet.answers ?? []
  const ttl = Math.min(...answers.map((answer) => (answer as { readonly ttl?: number }).ttl ?? 0))
  const found = (data: readonly string[]): Observed => ({ kind: 'found', data, ttl, authentic: packet.flag_ad })
  const data = answers.flatMap((answer) => writtenData(answer, type) ?? [])
  if (data.length > 0) return found(data)
  const alias = answers.find((answer) => answer.type === 'CNAME' && answer.name.toLowerCase() === name)
  const target = alias && writtenData(alias, 'CNAME')
  if (target) return found([`CNAME ${target}`])
  // RFC 2308 2.2.1: a server without the zone refers to others.
  const isReferral = (packet.authorities ?? []).some((one) => one.type === 'NS') && !packet.flag_aa && !packet.flag_ra
  return isReferral ? { kind: 'unavailable', cause: 'it does not serve the zone' } : { kind: 'absent' }
}
