// Whether the resolver answers and whether the fleet nodes that this role needs can be reached, found by asking them. The node asks in the
// background; `waypost check` asks once.

import type { Config } from '../config/config.ts'
import { decideTls } from '../delivery/attempt/decide-tls.ts'
import { createHostFinder } from '../delivery/hosts/host-finder.ts'
import { createSmtpTransport } from '../delivery/smtp-client/smtp-transport.ts'
import type { DeliveryError } from '../delivery/smtp-client/transport.ts'
import { describeTarget, type Target } from '../delivery/target.ts'
import { askAs } from '../dns/ask-as.ts'
import type { Resolver } from '../dns/resolver.ts'
import type { Clock } from '../lib/clock.ts'
import type { Current } from '../lib/current.ts'
import type { Random } from '../lib/random.ts'
import type { TlsMaterial } from '../config/read-tls-material.ts'
import { deliverySettings } from '../wiring/delivery-settings.ts'

export interface ProbePorts {
  readonly resolver: Resolver
  readonly clock: Clock
  readonly random: Random
  readonly certificate: Current<TlsMaterial | null>
}

export interface ProbeReport {
  /** Why look-ups fail; null if the resolver answers. */
  readonly resolver: string | null
  /** Why no fleet node of a needed role can be reached, by role; roles with a reachable node are absent. */
  readonly unreachable: ReadonlyMap<string, string>
}

/** Time for one fleet node: connection, greeting and TLS. A node that takes longer defers mail in practice. */
const NODE_MS = 10_000
/** Random octets of a name that no cache holds. */
const LABEL_OCTETS = 8

/** The roles of fleet nodes without which a part of the mail waits. */
export function neededRoles({ role, peers }: Pick<Config, 'role' | 'peers'>): string[] {
  const { own, forwards } = role.recipients
  const needed = [
    ...(own === 'relay-to-mx' ? ['mx'] : own === 'relay-to-mta' ? ['mta'] : []),
    ...(own === 'resolve' && forwards === 'relay-to-srs' ? ['srs'] : []),
  ]
  return needed.filter((one) => (peers[one] ?? []).length > 0)
}

/** Asks once. Never rejects. Its questions have the places of delivery, so that strangers who use up the others do not make it fail. */
export function createProbe(config: Config, given: ProbePorts): () => Promise<ProbeReport> {
  const ports = { ...given, resolver: askAs(given.resolver, { purpose: 'delivery' }) }
  const settings = deliverySettings(config, { certificate: ports.certificate, tokens: new Map() })
  const finder = createHostFinder(settings.hosts, ports)
  const transport = createSmtpTransport(settings.transport, ports)
  const reach = async (target: Target): Promise<string | null> => {
    // No sources: the configuration names fleet nodes, so no recipient domain publishes a policy for them (delivery/mta-sts/sts-source.ts).
    const decision = await decideTls(target, false, { ...ports, sources: [] })
    if (decision.kind === 'avoid') return `${describeTarget(target)}: ${decision.text}`
    const opened = await transport.open(target, decision.requirement, ports.clock.monotonic() + NODE_MS)
    if (opened.kind === 'closed') return `${opened.peer}: ${causeOf(opened.error)}`
    opened.connection.quit()
    return null
  }
  const unreachable = async (role: string): Promise<string | null> => {
    const hosts = await finder.find(`peers:${role}`)
    if (hosts.kind === 'none') return hosts.reply
    const causes: string[] = []
    for (const target of hosts.targets) {
      const cause = await reach(target)
      if (cause === null) return null
      causes.push(cause)
    }
    return causes.join('; ')
  }
  return async () => {
    const [resolver, ...causes] = await Promise.all([
      probeResolver(config.domain, ports),
      ...neededRoles(config).map(async (role) => [role, await unreachable(role).catch(causeText)] as const),
    ])
    return {
      resolver,
      unreachable: new Map(causes.flatMap(([role, cause]) => (cause === null ? [] : [[role, cause]]))),
    }
  }
}

/**
 * Asks for two names that no cache holds. The one below our domain needs the resolver and the name servers of the world. The other one
 * (RFC 6761 section 6.4) is answered by every resolver, and distinguishes a dead resolver from a dead zone.
 */
async function probeResolver(domain: string, { resolver, random }: ProbePorts): Promise<string | null> {
  const label = `waypost-${random(LABEL_OCTETS).toString('hex')}`
  const ask = async (name: string) => {
    const answer = await resolver
      .resolve(name, 'A')
      .catch((error: unknown) => ({ kind: 'unavailable', cause: causeText(error) }) as const)
    return answer.kind === 'unavailable' ? answer.cause : null
  }
  const [ours, any] = await Promise.all([ask(`${label}.${domain}`), ask(`${label}.invalid`)])
  if (ours === null) return null
  return any === null ? `names below ${domain} cannot be looked up: ${ours}` : `the resolver does not answer: ${ours}`
}

function causeOf(error: DeliveryError): string {
  switch (error.kind) {
    case 'refused':
      return `refused at ${error.phase}: ${error.reply.verbatim.replaceAll('\n', ' ')}`
    case 'unsupported':
      return error.text
    default:
      return error.cause
  }
}

function causeText(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
