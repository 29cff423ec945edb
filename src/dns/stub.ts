// Our stub resolver (RFC 1034 5.3.1) that keeps what Node's hides: TTL and the authentic bit (RFC 4035 4.9.3).
// It asks validating recursive servers; it does not validate signatures itself and does not cache (cache.ts does).

import { isLoopbackAddress } from '../lib/ip-address.ts'
import { createSemaphore } from '../lib/semaphore.ts'
import { readRecords } from './answer.ts'
import { type DnsServer, type Exchange, type Exchanged, networkExchange, type Question } from './exchange.ts'
import { canonicalName } from './name.ts'
import type { DnsAnswer, RecordType, RecordTypes, Resolver } from './resolver.ts'

export interface StubSettings {
  /** Asked in this order; never empty. */
  readonly servers: readonly DnsServer[]
  /** For one try at one server. */
  readonly timeoutMs: number
  /** Rounds over the list. */
  readonly tries: number
  /**
   * Believe the authentic bit of every server listed. Without it only of those on loopback: anybody on the
   * way to a remote server can set the bit (RFC 6840 5.7, RFC 7672 2.2.3).
   */
  readonly trustAuthentic: boolean
}

/** Five seconds and two rounds, as resolv.conf(5). */
export const stubDefaults = { timeoutMs: 5_000, tries: 2, trustAuthentic: false } as const

/**
 * Questions on the wire at one time. Each has its own socket: a thousand sessions before a silent server must not eat
 * the file descriptors that they themselves need.
 */
const MAX_QUESTIONS = 256

/** A resolver over the given servers. `exchange` is the network; tests pass their own. */
export function createStubResolver(settings: StubSettings, exchange: Exchange = networkExchange): Resolver {
  const places = createSemaphore(MAX_QUESTIONS)
  const ask = (question: Question): Promise<Asked> => places.run(() => askServers(settings, question, exchange))
  return {
    async resolve(name, type) {
      const canonical = canonicalName(name)
      // No server can know a name that cannot be written: no need to ask.
      if (canonical === null) return { kind: 'absent', nxdomain: true, ttl: 0, authentic: false }
      return resolveChain({ name: canonical, type }, ask)
    },
  }
}

type Asked = { readonly exchanged: Exchanged; readonly authentic: boolean }

/** Follows aliases by further questions until records, nothing, or the limit. */
async function resolveChain<T extends RecordType>(
  first: { readonly name: string; readonly type: T },
  ask: (question: Question) => Promise<Asked>,
): Promise<DnsAnswer<RecordTypes[T]>> {
  let { name } = first
  let links = 0
  let ttl = Number.POSITIVE_INFINITY
  let authentic = true
  for (;;) {
    const asked = await ask({ name, type: first.type })
    if (asked.exchanged.kind === 'failed') return { kind: 'unavailable', cause: asked.exchanged.cause }
    authentic &&= asked.authentic
    const { packet, rcode } = asked.exchanged
    const reading = readRecords(packet, rcode, { name, type: first.type, links })
    switch (reading.kind) {
      case 'broken':
        return { kind: 'unavailable', cause: reading.cause }
      case 'records':
        return {
          kind: 'found',
          records: reading.records,
          ttl: Math.min(ttl, reading.ttl),
          authentic,
          name: reading.name,
        }
      case 'nothing':
        return { kind: 'absent', nxdomain: reading.nxdomain, ttl: Math.min(ttl, reading.ttl), authentic }
      case 'alias':
        ;({ name, links } = reading)
        ttl = Math.min(ttl, reading.ttl)
    }
  }
}

/** Tries the servers in turn. A server that said no (SERVFAIL, REFUSED) is not asked again; one that was silent is. */
async function askServers(settings: StubSettings, question: Question, exchange: Exchange): Promise<Asked> {
  const causes = new Map<DnsServer, string>()
  let candidates = [...settings.servers]
  for (let round = 0; round < settings.tries && candidates.length > 0; round++) {
    const silent: DnsServer[] = []
    for (const server of candidates) {
      const exchanged = await askServer(server, question, { timeoutMs: settings.timeoutMs, exchange })
      if (exchanged.kind === 'failed') {
        silent.push(server)
        causes.set(server, exchanged.cause)
      } else if (exchanged.rcode === 'NOERROR' || exchanged.rcode === 'NXDOMAIN') {
        const trusted = settings.trustAuthentic || isLoopbackAddress(server.host)
        return { exchanged, authentic: trusted && exchanged.packet.flag_ad }
      } else {
        causes.set(server, exchanged.rcode)
      }
    }
    candidates = silent
  }
  const told = [...causes].map(([server, cause]) => `${server.host}:${server.port} ${cause}`).join(', ')
  const cause = `${question.type} of ${question.name}: ${told || 'no DNS server configured'}`
  return { exchanged: { kind: 'failed', cause }, authentic: false }
}

async function askServer(
  server: DnsServer,
  question: Question,
  options: { readonly timeoutMs: number; readonly exchange: Exchange },
): Promise<Exchanged> {
  const { timeoutMs, exchange } = options
  const first = await exchange(server, question, { timeoutMs, edns: true })
  // RFC 6891 7: a server that knows no EDNS answers FORMERR (some NOTIMP); ask it the old way.
  if (first.kind === 'answered' && (first.rcode === 'FORMERR' || first.rcode === 'NOTIMP')) {
    return exchange(server, question, { timeoutMs, edns: false })
  }
  return first
}
