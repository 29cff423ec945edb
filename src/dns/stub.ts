// A stub resolver (RFC 1034 5.3.1) that returns TTL and authentic bit (RFC 4035 4.9.3), which Node's resolver hides. It queries validating
// recursive servers; it does not validate signatures itself. cache.ts keeps answers and limits the number of open queries.

import { isLoopbackAddress } from '../lib/ip-address.ts'
import { readRecords } from './answer.ts'
import { type DnsServer, type Exchange, networkExchange } from './exchange.ts'
import type { Exchanged, Question } from './query-packet.ts'
import { dnssecError } from './extended-error.ts'
import { canonicalName } from './name.ts'
import { createTlsExchange } from './tls-exchange.ts'
import type { DnsAnswer, RecordType, RecordTypes, Resolver, Unavailable } from './resolver.ts'

export interface StubSettings {
  /** Queried in this order; never empty. */
  readonly servers: readonly DnsServer[]
  /** For one query to one server. */
  readonly timeoutMs: number
  /** Rounds over the list. */
  readonly tries: number
  /**
   * Trust the authentic bit of every listed server. Otherwise only servers on a loopback address or over TLS are trusted, because an attacker
   * on the path to another server can set the bit (RFC 6840 5.7, RFC 7672 2.2.3).
   */
  readonly trustAuthentic: boolean
}

/** Five seconds and two rounds, as resolv.conf(5). */
export const stubDefaults = { timeoutMs: 5_000, tries: 2, trustAuthentic: false } as const

/** A resolver over the given servers. `exchange` is the network; tests pass their own. */
export function createStubResolver(settings: StubSettings, exchange: Exchange = createNetwork()): Resolver {
  return {
    async resolve(name, type, ask) {
      const canonical = canonicalName(name)
      // No server can know a malformed name, so no query is needed.
      if (canonical === null) return { kind: 'absent', nxdomain: true, ttl: 0, authentic: false }
      const network = { exchange, signal: ask?.signal }
      return resolveChain({ name: canonical, type }, (question) => queryServers(settings, question, network))
    },
  }
}

/** UDP and TCP, and TLS for the servers that are configured with it. */
export function createNetwork(): Exchange {
  const overTls = createTlsExchange()
  return (server, question, options) => {
    const { tls } = server
    return tls ? overTls({ ...server, tls }, question, options) : networkExchange(server, question, options)
  }
}

type Queried =
  | { readonly exchanged: Exchanged & { readonly kind: 'answered' }; readonly authentic: boolean }
  | Unavailable

interface Network {
  readonly exchange: Exchange
  readonly signal: AbortSignal | undefined
}

/** Follows aliases with further queries up to the limit. */
async function resolveChain<T extends RecordType>(
  first: { readonly name: string; readonly type: T },
  query: (question: Question) => Promise<Queried>,
): Promise<DnsAnswer<RecordTypes[T]>> {
  let { name } = first
  let links = 0
  let ttl = Number.POSITIVE_INFINITY
  let authentic = true
  for (;;) {
    const queried = await query({ name, type: first.type })
    if ('kind' in queried) return queried
    authentic &&= queried.authentic
    const { packet, rcode } = queried.exchanged
    const reading = readRecords(packet, rcode, { name, type: first.type, links })
    switch (reading.kind) {
      case 'broken':
        return unavailable(reading.cause, reading)
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

/** Queries the servers in turn. A server that answered SERVFAIL or REFUSED is not queried again; a silent one is. */
async function queryServers(settings: StubSettings, question: Question, network: Network): Promise<Queried> {
  const causes = new Map<DnsServer, string>()
  const { signal } = network
  // A resolver that answers SERVFAIL has asked the owner's servers; every other failure may be ours.
  let ours = true
  let isBogus = false
  let candidates = [...settings.servers]
  for (let round = 0; round < settings.tries && candidates.length > 0; round++) {
    const silent: DnsServer[] = []
    for (const server of candidates) {
      const exchanged = await queryServer(server, question, { timeoutMs: settings.timeoutMs, ...network })
      if (signal?.aborted) return unavailable(`${question.type} of ${question.name}: aborted`, { ours })
      if (exchanged.kind === 'failed') {
        silent.push(server)
        causes.set(server, exchanged.cause)
      } else if (exchanged.rcode === 'NOERROR' || exchanged.rcode === 'NXDOMAIN') {
        return { exchanged, authentic: isTrusted(server, settings) && exchanged.packet.flag_ad }
      } else {
        const explained = await explainError(server, question, { settings, network, exchanged })
        causes.set(server, explained.cause)
        isBogus ||= explained.isBogus
        if (exchanged.rcode === 'SERVFAIL') ours = false
      }
    }
    candidates = silent
  }
  const failures = [...causes].map(([server, cause]) => `${server.host}:${server.port} ${cause}`).join(', ')
  const cause = `${question.type} of ${question.name}: ${failures || 'no DNS server configured'}`
  return unavailable(cause, { ours, isBogus })
}

function isTrusted(server: DnsServer, { trustAuthentic }: StubSettings): boolean {
  return trustAuthentic || server.tls !== undefined || isLoopbackAddress(server.host)
}

/**
 * The error with its cause, if DNSSEC is that: what the server says, or that it answers without validation. The result stays unavailable, so
 * that a broken signature never counts as none.
 */
async function explainError(
  server: DnsServer,
  question: Question,
  failed: {
    readonly settings: StubSettings
    readonly network: Network
    readonly exchanged: Exchanged & { readonly kind: 'answered' }
  },
): Promise<{ readonly cause: string; readonly isBogus: boolean }> {
  const { settings, network, exchanged } = failed
  const { rcode, packet } = exchanged
  const stated = dnssecError(packet)
  if (stated !== null) return { cause: `${rcode} (${stated})`, isBogus: true }
  if (rcode !== 'SERVFAIL' || !isTrusted(server, settings)) return { cause: rcode, isBogus: false }
  const options = { timeoutMs: settings.timeoutMs, edns: true, checkingDisabled: true, signal: network.signal }
  const unchecked = await network.exchange(server, question, options)
  const isAnswer = unchecked.kind === 'answered' && (unchecked.rcode === 'NOERROR' || unchecked.rcode === 'NXDOMAIN')
  return isAnswer ? { cause: `${rcode} (DNSSEC validation failed)`, isBogus: true } : { cause: rcode, isBogus: false }
}

function unavailable(
  cause: string,
  { ours, isBogus = false }: { readonly ours: boolean; readonly isBogus?: boolean },
): Unavailable {
  return { kind: 'unavailable', cause, ...(ours && { ours }), ...(isBogus && { isBogus }) }
}

async function queryServer(
  server: DnsServer,
  question: Question,
  { timeoutMs, exchange, signal }: Network & { readonly timeoutMs: number },
): Promise<Exchanged> {
  const first = await exchange(server, question, { timeoutMs, edns: true, signal })
  // RFC 6891 7: a server without EDNS answers FORMERR (some NOTIMP) and is queried again without it.
  if (first.kind === 'answered' && (first.rcode === 'FORMERR' || first.rcode === 'NOTIMP')) {
    return exchange(server, question, { timeoutMs, edns: false, signal })
  }
  return first
}
