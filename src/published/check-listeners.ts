// The certificates that the nodes of a fleet really show, at every address and port with TLS, against their names, the TLSA records and the fleet
// file; and that of the web servers of MTA-STS policies.

import { createHash, type X509Certificate } from 'node:crypto'
import { keyOfCertificate } from '../certificates/key-to-find.ts'
import { findKeyInDns } from '../certificates/published-tlsa.ts'
import { lookupAddresses } from '../dns/host-addresses.ts'
import type { Resolver } from '../dns/resolver.ts'
import type { Fleet, FleetNode } from '../fleet/fleet-model.ts'
import { formatEndpoint } from '../lib/endpoint.ts'
import { createSemaphore } from '../lib/semaphore.ts'
import { judgeChain, readChain } from './check-certificates.ts'
import type { DnsFinding } from './findings.ts'
import { type TlsPort, tlsPorts } from './tls-ports.ts'

export interface ListenerTarget {
  /** An IP address. */
  readonly address: string
  readonly port: number
  readonly tls: TlsPort['tls']
  /** For SNI. */
  readonly name: string
}

export type ShownCertificate =
  /** PEM, as the server sent it: its certificate, then its chain. */
  | { readonly kind: 'shown'; readonly pem: string }
  /** The server answers, and offers no TLS. */
  | { readonly kind: 'no-tls'; readonly cause: string }
  /** `isRoute`: this host has no way to the address. */
  | { readonly kind: 'unreachable'; readonly cause: string; readonly isRoute: boolean }

export interface CheckListenersPorts {
  readonly resolver: Resolver
  /** Has a deadline, and never rejects. */
  readonly show: (target: ListenerTarget) => Promise<ShownCertificate>
  /** Unix milliseconds. */
  readonly now: number
}

/** Connections at once; a node counts those of one client. */
const MAX_AT_ONCE = 8
const HTTPS_PORT = 443
const DAY_MS = 86_400_000
/** As for the certificates of nodes. */
const SOON_MS = 7 * DAY_MS

export async function checkListeners(fleet: Fleet, ports: CheckListenersPorts): Promise<readonly DnsFinding[]> {
  const places = createSemaphore(MAX_AT_ONCE)
  const one = async (node: FleetNode, listener: TlsPort, address: string) => {
    const release = await places.acquire()
    try {
      return await checkListener(node, listener, { address, fleet, ports })
    } finally {
      release()
    }
  }
  const listeners = fleet.nodes.flatMap((node) =>
    tlsPorts(node).flatMap((listener) => node.addresses.map((address) => one(node, listener, address))),
  )
  const found = await Promise.all([...listeners, ...fleet.domains.map((domain) => checkWebServer(domain, ports))])
  return found.flat()
}

interface Facts {
  readonly address: string
  readonly fleet: Fleet
  readonly ports: CheckListenersPorts
}

async function checkListener(
  node: FleetNode,
  { port, tls, isMx }: TlsPort,
  { address, fleet, ports }: Facts,
): Promise<readonly DnsFinding[]> {
  const { hostname } = node
  const place = formatEndpoint({ host: address, port })
  const subject = `${hostname} port ${port}`
  const shown = await ports.show({ address, port, tls, name: hostname })
  if (shown.kind !== 'shown') return [unreached(shown, { subject, place, isMx })]
  const chain = readChain(shown.pem)
  return [
    ...judgeChain(node, chain, { fleet, now: ports.now, kind: 'shown', subject, place, isMx }),
    ...knownKey(node, chain[0], { subject, place }),
    ...(await inDns(`_${port}._tcp.${hostname}`, shown.pem, { subject, place, resolver: ports.resolver })),
  ]
}

function unreached(
  shown: Exclude<ShownCertificate, { kind: 'shown' }>,
  { subject, place, isMx }: { readonly subject: string; readonly place: string; readonly isMx: boolean },
): DnsFinding {
  if (shown.kind === 'no-tls')
    return {
      id: `no-tls ${place} ${subject}`,
      severity: 'error',
      subject,
      problem: `${place} offers no TLS: ${shown.cause}`,
      breaks: isMx ? 'senders with DANE or MTA-STS do not deliver to this host' : 'mail programs do not log in',
      advice: 'See the log of the node; waypost check names what is wrong with its certificate',
    }
  return {
    id: `unreached ${place} ${subject}`,
    severity: shown.isRoute ? 'note' : 'warning',
    subject,
    problem: `${place} cannot be reached from here, so its certificate is not compared: ${shown.cause}`,
    breaks: null,
    advice: 'Check from another host, or leave this out with --no-connect',
    isUnknown: true,
  }
}

/** Other nodes recognise the node by the keys of the fleet file. */
function knownKey(
  { publicKeys }: FleetNode,
  leaf: X509Certificate | undefined,
  { subject, place }: { readonly subject: string; readonly place: string },
): readonly DnsFinding[] {
  if (!leaf || publicKeys.length === 0) return []
  const digest = createHash('sha256')
    .update(leaf.publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex')
  if (publicKeys.includes(digest)) return []
  return [
    {
      id: `shown-key ${place} ${subject}`,
      severity: 'warning',
      subject,
      problem: `${place} shows the key sha256:${digest}, which the fleet file does not have`,
      breaks: 'records and peers of the fleet file name another key',
      advice: 'Add it to public_keys of the node, or reload the node if its files are newer',
    },
  ]
}

interface InDns {
  readonly subject: string
  readonly place: string
  readonly resolver: Resolver
}

async function inDns(owner: string, pem: string, { subject, place, resolver }: InDns): Promise<readonly DnsFinding[]> {
  const key = keyOfCertificate(pem)
  const resolvers = [{ label: 'the resolver', resolver }]
  const [secure, any] = await Promise.all([
    findKeyInDns([owner], key, { resolvers, countsInsecure: false }),
    findKeyInDns([owner], key, { resolvers, countsInsecure: true }),
  ])
  if (any.kind !== 'missing') return []
  const isSecure = secure.kind === 'missing'
  return [
    {
      id: `shown-tlsa ${place} ${subject}`,
      severity: isSecure ? 'error' : 'warning',
      subject,
      problem: `no TLSA record of ${owner} fits the certificate that ${place} shows`,
      breaks: isSecure
        ? 'senders with DANE do not deliver to this host'
        : 'senders with DANE do not deliver to this host, if the zone is signed',
      advice: 'Publish the TLSA record of the key that is in use, or use the key that the record names',
    },
  ]
}

/** Of the web server of a policy: that it is valid is checked by the request for the policy. */
async function checkWebServer(
  { name, mx, records }: Fleet['domains'][number],
  { resolver, show, now }: CheckListenersPorts,
): Promise<readonly DnsFinding[]> {
  if (records.mtaSts === null || mx.length === 0) return []
  const host = `mta-sts.${name}`
  const found = await lookupAddresses(resolver, host)
  const address = found.kind === 'found' ? found.addresses[0]?.address : undefined
  if (address === undefined) return []
  const shown = await show({ address, port: HTTPS_PORT, tls: 'implicit', name: host })
  const [leaf] = shown.kind === 'shown' ? readChain(shown.pem) : []
  if (!leaf || Date.parse(leaf.validTo) - now > SOON_MS) return []
  return [
    {
      id: `policy-certificate ${host}`,
      severity: 'warning',
      subject: host,
      problem: `the certificate of its web server ends on ${leaf.validTo}`,
      breaks: 'senders cannot fetch the policy then',
      advice: 'Renew it',
    },
  ]
}
