// One HTTPS request to a server that the DNS or a record of a stranger names. The server gets a time, a size and one request without
// redirects, its certificate must be valid, and it is reached only at addresses on the internet: no stranger can make the node ask its own
// network.

import { X509Certificate } from 'node:crypto'
import { request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import { isIP, type LookupFunction } from 'node:net'
import { checkServerIdentity, connect, type PeerCertificate, type TLSSocket } from 'node:tls'
import type { Budgets } from '../budget/budgets.ts'
import { createWaitingPlaces } from '../budget/waiting-places.ts'
import { type HostAddress, lookupAddresses } from '../dns/host-addresses.ts'
import type { Resolver } from '../dns/resolver.ts'
import type { Clock } from '../lib/clock.ts'
import { isPublicAddress } from '../lib/ip-address.ts'
import { errorText } from '../lib/log.ts'

export interface StrangerRequest {
  readonly host: string
  readonly port: number
  /** Path and query. */
  readonly path: string
  readonly method: 'GET' | 'POST'
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer | null
  /** Ms for the exchange. The look-up and the wait for a place have their own limits. */
  readonly timeoutMs: number
  /** Octets of the answer. */
  readonly mostOctets: number
}

export type StrangerAnswer =
  | { readonly kind: 'answer'; readonly status: number; readonly headers: IncomingHttpHeaders; readonly body: Buffer }
  /** `isCertificate`: the server has no certificate that is valid for the host. */
  | { readonly kind: 'failed'; readonly isCertificate: boolean; readonly cause: string }
  /** The node has no place for the request now. */
  | { readonly kind: 'busy'; readonly cause: string }

export interface StrangerSettings {
  /** The authorities of the servers, PEM; null for the public ones. */
  readonly ca: string | null
  /** Servers in private networks and on this host are asked too: in tests. */
  readonly allowPrivate: boolean
}

export interface StrangerPorts {
  readonly resolver: Resolver
  readonly clock: Pick<Clock, 'after'>
  readonly budgets: Pick<Budgets, 'pool'>
}

export type AskStranger = (asked: StrangerRequest) => Promise<StrangerAnswer>

const HTTPS_PORT = 443
const MOST_HEADER_OCTETS = 16 * 1024
/** Addresses to try. A server with more has them for load, not for safety. */
const MOST_ADDRESSES = 4

/** Longest wait for a place, ms. A server that holds its places for a minute makes those behind it wait; they are tried again later. */
const WAIT_MS = 20_000

/** The result never rejects. */
export function createStrangerClient(settings: StrangerSettings, ports: StrangerPorts): AskStranger {
  const { budgets, clock } = ports
  const pools = { open: budgets.pool('strangerRequests'), waiting: budgets.pool('strangerWaiting') }
  const places = createWaitingPlaces({ ...pools, waitMs: WAIT_MS, one: 'a request', many: 'requests' }, clock)
  return async (asked) => {
    if (isIP(asked.host.replace(/^\[|\]$/g, '')) !== 0) return failed(`${asked.host} is no host name`)
    const found = await lookupAddresses(ports.resolver, asked.host)
    if (found.kind === 'unavailable') return failed(`the look-up of ${asked.host} failed: ${found.cause}`)
    const known = found.kind === 'found' ? found.addresses : []
    const addresses = known.filter(({ address }) => settings.allowPrivate || isPublicAddress(address))
    const [first] = addresses
    if (!first) return failed(`${asked.host} has no address on the internet`)
    const place = await places.take({ purpose: 'delivery', ip: first.address })
    if (place.kind !== 'lease') return { kind: 'busy', cause: `too many HTTPS servers are being asked: ${place.cause}` }
    try {
      return await exchangeWith(addresses.slice(0, MOST_ADDRESSES), asked, { ...settings, ...ports })
    } finally {
      place.release()
    }
  }
}

function failed(cause: string, isCertificate = false): StrangerAnswer {
  return { kind: 'failed', isCertificate, cause }
}

function exchangeWith(
  addresses: readonly HostAddress[],
  asked: StrangerRequest,
  { ca, clock }: Pick<StrangerSettings, 'ca'> & Pick<StrangerPorts, 'clock'>,
): Promise<StrangerAnswer> {
  const { host, port, timeoutMs } = asked
  return new Promise((resolve) => {
    // The addresses were checked: another look-up could return others.
    const lookup: LookupFunction = (_host, _options, done) => done(null, addresses as HostAddress[])
    const identity = { servername: host, checkServerIdentity: nameFault }
    const socket = connect({ host, port, lookup, ...identity, ...(ca !== null && { ca }) })
    const end = (result: StrangerAnswer) => {
      timer.cancel()
      socket.destroy()
      resolve(result)
    }
    const timer = clock.after(timeoutMs, () => end(failed(`no answer within ${timeoutMs / 1000} s`)))
    // The listener stays: what comes after the end must not crash the process.
    socket.on('error', (error) => end(explain(error, socket)))
    socket.once('close', () => end(failed('the server closed the connection')))
    socket.once('secureConnect', () => send(asked, socket, end))
  })
}

/** RFC 8461 section 3.3: the name is a DNS name of the certificate. Node.js accepts one in the subject too, and wildcards for a part of a label. */
function nameFault(host: string, certificate: PeerCertificate): Error | undefined {
  const fault = checkServerIdentity(host, certificate)
  if (fault) return fault
  const found = new X509Certificate(certificate.raw).checkHost(host, { subject: 'never', partialWildcards: false })
  return found === undefined ? new Error(`no DNS name of it is ${host}`) : undefined
}

function explain(error: Error, socket: TLSSocket): StrangerAnswer {
  const { authorizationError } = socket
  if (!authorizationError) return failed(errorText(error))
  return failed(`the certificate is not valid: ${String(authorizationError)}`, true)
}

function send(asked: StrangerRequest, socket: TLSSocket, end: (result: StrangerAnswer) => void): void {
  const { host, port, path, method, headers, body, mostOctets } = asked
  const outgoing = request({
    createConnection: () => socket,
    host,
    port,
    defaultPort: HTTPS_PORT,
    path,
    method,
    maxHeaderSize: MOST_HEADER_OCTETS,
    headers: { 'User-Agent': 'Waypost', ...(body && { 'Content-Length': body.length }), ...headers },
  })
  outgoing.on('error', (error) => end(failed(errorText(error))))
  outgoing.once('response', (response) => {
    readBody(response, mostOctets).then(
      (read) => end(read ?? failed(`the answer has more than ${mostOctets} octets`)),
      (error: unknown) => end(failed(errorText(error))),
    )
  })
  outgoing.end(body ?? undefined)
}

/** Null if it is too long. */
async function readBody(response: IncomingMessage, mostOctets: number): Promise<StrangerAnswer | null> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > mostOctets) return null
    chunks.push(chunk)
  }
  return { kind: 'answer', status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }
}
