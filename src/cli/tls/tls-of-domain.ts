// waypost tls policy and tls test: the hosts of a domain, what DNSSEC proves about them, what the TLS policy demands, and what TLS reaches. It is
// the code of deliveries, so the result is that of a message. Exit code 1 if no host may get mail.

import { createBudgets } from '../../budget/budgets.ts'
import type { Config } from '../../config/config.ts'
import { createHostFinder } from '../../delivery/hosts/host-finder.ts'
import { createSmtpTransport } from '../../delivery/smtp-client/smtp-transport.ts'
import { askAs } from '../../dns/ask-as.ts'
import { openResolver } from '../../dns/open-resolver.ts'
import { commandClock as clock, systemClock } from '../../lib/clock.ts'
import { systemRandom } from '../../lib/random.ts'
import { asciiDomain } from '../../smtp/domain.ts'
import { parseNextHop } from '../../smtp/nexthop.ts'
import { deliverySettings } from '../../wiring/delivery-settings.ts'
import { resolverSettings } from '../../wiring/node-settings.ts'
import { FAILED, type Io, json, line, OK, USAGE } from '../io.ts'
import { withConfig } from '../with-config.ts'
import { examineHost, type HostReport, type TlsPorts } from './examine-host.ts'
import { describeHost } from './describe-host.ts'
import { publishedSources } from './published-sources.ts'

export interface TlsOptions {
  readonly config: string
  readonly domain: string
  /** False: only the policy. */
  readonly connects: boolean
  readonly json?: boolean
}

export function tlsOfDomain(options: TlsOptions, io: Io): Promise<number> | number {
  const nextHop = nextHopOf(options.domain)
  if (nextHop === null) {
    line(io.stderr, `found ${JSON.stringify(options.domain)}, expected a domain or a next hop`)
    return USAGE
  }
  return withConfig(options.config, io, async (config) => {
    const found = await examine(nextHop, await portsFor(config), options.connects)
    const isUsable = found.hosts.some(({ isAccepted }) => isAccepted)
    const verdict = verdictOf(found, options.connects)
    if (options.json) json(io.stdout, { nextHop, usable: isUsable, verdict, hosts: found.hosts })
    else for (const text of [...found.hosts.flatMap(describeHost), verdict]) line(io.stdout, text)
    return isUsable ? OK : FAILED
  })
}

function nextHopOf(text: string): string | null {
  if (parseNextHop(text)) return text
  const domain = asciiDomain(text)
  return domain === null ? null : `mx:${domain}`
}

interface Found {
  readonly hosts: readonly HostReport[]
  /** Why there are no hosts, or null. */
  readonly reason: string | null
}

async function portsFor(config: Config): Promise<TlsPorts> {
  const settings = deliverySettings(config, { certificate: { value: config.tls }, tokens: new Map() })
  const budgets = createBudgets(clock)
  const opened = await openResolver(resolverSettings(config), { clock, budgets })
  const resolver = askAs(opened, { purpose: 'delivery' })
  return {
    finder: createHostFinder(settings.hosts, { resolver, random: systemRandom }),
    // Its sockets keep the process, its timers do not: the command ends without a wait for the reply to QUIT.
    transport: createSmtpTransport(settings.transport, { clock: systemClock }),
    policies: { resolver, clock, sources: publishedSources(config, { resolver, budgets, clock }) },
    clock,
  }
}

async function examine(nextHop: string, ports: TlsPorts, connects: boolean): Promise<Found> {
  const found = await ports.finder.find(nextHop)
  if (found.kind === 'none') return { hosts: [], reason: found.reply }
  // One after the other: a host that limits connections of one client must not refuse the next one.
  const hosts: HostReport[] = []
  for (const target of found.targets) hosts.push(await examineHost(target, ports, connects))
  return { hosts, reason: null }
}

function verdictOf({ hosts, reason }: Found, connects: boolean): string {
  if (reason !== null) return `no host: ${reason}`
  const first = hosts.find(({ isAccepted }) => isAccepted)
  if (!first) return 'mail is deferred: no host fulfils its policy'
  if (!connects) return `mail may be sent to ${first.peer}, as its policy demands`
  return `mail is sent to ${first.peer}: ${first.result ?? ''}`
}
