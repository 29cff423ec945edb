// The records of one name and type as a server has them, with their octets, so that an update can name them exactly.

import type dnsPacket from 'dns-packet'
import type { DnsServer, Exchange } from '../dns/exchange.ts'
import { QUERY_TIMEOUT_MS } from './observer.ts'
import type { PlannedType } from './planned-record.ts'
import { octetsOf, writtenData } from './record-data.ts'

export interface PresentRecord {
  /** As in a zone file. */
  readonly written: string
  /** RDATA without its length. */
  readonly octets: Buffer
  /** Seconds. */
  readonly ttl: number
}

export type PresentSet =
  | { readonly kind: 'known'; readonly records: readonly PresentRecord[] }
  | { readonly kind: 'unavailable'; readonly cause: string }

/** Asks an authoritative server. */
export async function readPresent(
  server: DnsServer,
  { name, type }: { readonly name: string; readonly type: PlannedType },
  exchange: Exchange,
): Promise<PresentSet> {
  const result = await exchange(server, { name, type }, { timeoutMs: QUERY_TIMEOUT_MS, edns: true })
  if (result.kind === 'failed') return { kind: 'unavailable', cause: result.cause }
  if (result.rcode === 'NXDOMAIN') return { kind: 'known', records: [] }
  if (result.rcode !== 'NOERROR') return { kind: 'unavailable', cause: result.rcode }
  if (!result.packet.flag_aa) return { kind: 'unavailable', cause: 'the server is not authoritative for the zone' }
  const own = (result.packet.answers ?? []).filter((answer) => answer.name.toLowerCase() === name)
  const alias = own.find((answer) => answer.type === 'CNAME')
  // The server would ignore records beside an alias without an error (RFC 2136 3.4.2.2).
  if (alias && type !== 'CNAME')
    return {
      kind: 'unavailable',
      cause: `the name is an alias of ${writtenData(alias, 'CNAME') ?? 'another'}: remove it first`,
    }
  return { kind: 'known', records: own.flatMap((answer) => readRecord(answer, type) ?? []) }
}

function readRecord(answer: dnsPacket.Answer, type: PlannedType): PresentRecord | null {
  const written = writtenData(answer, type)
  if (written === null) return null
  return { written, octets: octetsOf(answer, type), ttl: (answer as { readonly ttl?: number }).ttl ?? 0 }
}
