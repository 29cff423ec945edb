// One check of the DNS of a fleet, over the network, with the times of its findings in a file.

import type { DnsServer, Exchange } from '../dns/exchange.ts'
import type { Resolver } from '../dns/resolver.ts'
import { createDnsLists } from '../filter/ask-lists.ts'
import type { DnsList } from '../filter/dns-lists.ts'
import type { Clock } from '../lib/clock.ts'
import { readRegularFile } from '../lib/read-regular-file.ts'
import { replaceFile } from '../lib/replace-file.ts'
import { checkPublished, type CheckPublishedPorts } from '../published/check-published.ts'
import { createServerFinder } from '../published/find-servers.ts'
import { type DatedFinding, dateFindings, formatSeen, parseSeen, sortFindings } from '../published/findings.ts'
import { createObserver } from '../published/observer.ts'
import { shippedLists } from '../wiring/shipped-list-settings.ts'
import type { Plan } from './fleet-plan.ts'

export interface FleetDnsSettings {
  /** Recursive servers: asked for zones, and compared. */
  readonly servers: readonly DnsServer[]
  /** True: lists in the DNS are asked about our addresses and domains. */
  readonly lists: boolean
  /** The lists of a node, which may have keys. */
  readonly ownLists?: readonly DnsList[]
  /** File with the times of findings. */
  readonly state: string
  /** Fetches policies and connects to listeners; null: neither is done. */
  readonly served: CheckPublishedPorts['served']
  /** Port of authoritative servers; another one than 53 only in tests. */
  readonly port?: number | undefined
}

export interface FleetDnsCheck {
  /** Errors first, each kind by its age. */
  readonly findings: readonly DatedFinding[]
  /** Sets of records that were compared. */
  readonly compared: number
  /** Why the file of times cannot be written; null if it was written. */
  readonly unwritten: string | null
}

export interface FleetDnsNetwork {
  readonly resolver: Resolver
  /** For questions to single servers. */
  readonly exchange: Exchange
  readonly clock: Clock
}

export async function checkFleetDns(
  plan: Plan,
  settings: FleetDnsSettings,
  { resolver, exchange, clock }: FleetDnsNetwork,
): Promise<FleetDnsCheck> {
  const { servers, state } = settings
  const port = settings.port === undefined ? {} : { port: settings.port }
  const { lists, contacts, timeoutMs } = shippedLists(settings.ownLists)
  const asked = settings.lists ? createDnsLists(lists, timeoutMs, { resolver, clock }) : null
  try {
    // A list that fails its test (RFC 5782 5) says nothing.
    await asked?.test()
    const { findings, compared } = await checkPublished(plan, {
      resolver,
      serversOf: createServerFinder({ resolver, recursive: servers, exchange, ...port }),
      resolvers: servers.map((server) => createObserver({ server, exchange })),
      lists: asked && { lists: asked, contacts },
      served: settings.served,
      now: clock.now(),
    })
    const before = parseSeen(await readRegularFile(state).catch(() => ''))
    const { dated, seen } = dateFindings(findings, before, clock.now())
    const unwritten = await replaceFile(state, formatSeen(seen)).then(
      () => null,
      (error: Error) => error.message,
    )
    return { findings: sortFindings(dated), compared, unwritten }
  } finally {
    asked?.close()
  }
}
