// The targets of a domain: the addresses of its MX hosts, in order, without this node and without addresses that cannot be a mail host.

import { literalAddress } from '../../smtp/domain.ts'
import { type NextHop, SMTP_PORT } from '../../smtp/nexthop.ts'
import type { Target } from '../target.ts'
import { configuredPath } from '../tls-policy/host-path.ts'
import { familyOf, isReachable, reachableTargets, tcpTarget, treatmentOf } from './build-target.ts'
import type { HostPorts, Hosts, HostSettings } from './host-settings.ts'
import { findMxHosts, loopReply, type MxHost, type MxHosts } from './mx-hosts.ts'
import { type NoHosts, noHosts, weightier } from './no-hosts.ts'
import { isNonRoutable } from './non-routable.ts'
import { findAddresses } from './usable-addresses.ts'

type MxHop = Extract<NextHop, { kind: 'mx' }>

export async function findMxTargets(hop: MxHop, settings: HostSettings, ports: HostPorts): Promise<Hosts> {
  const literal = literalAddress(hop.domain)
  if (literal !== null) return literalTarget(hop, literal, { settings, ports })
  const found = await findMxHosts(hop.domain, settings, ports)
  return found.kind === 'none' ? found : new MxTargets(hop, found, { settings, ports }).collect()
}

function literalTarget(
  hop: MxHop,
  address: string,
  { settings, ports }: { readonly settings: HostSettings; readonly ports: HostPorts },
): Hosts {
  const port = portOf(hop, settings)
  if (isExcluded(address, port)) return noMailHost(hop.domain)
  const treatment = treatmentOf({ hop, domain: null, host: address }, settings)
  const target = tcpTarget({ ...treatment, host: address, address, port, path: configuredPath(address) })
  return reachableTargets([target], settings, ports)
}

interface RankedTarget {
  readonly target: Target
  readonly preference: number
}

class MxTargets {
  readonly #hop: MxHop
  readonly #mx: Extract<MxHosts, { kind: 'hosts' }>
  readonly #settings: HostSettings
  readonly #ports: HostPorts
  readonly #ranked: RankedTarget[] = []
  /** Why hosts have no address. */
  #reason: NoHosts | null = null
  /** The best preference among the hosts whose look-up failed temporarily. */
  #bestUnavailable = Number.POSITIVE_INFINITY

  constructor(
    hop: MxHop,
    mx: Extract<MxHosts, { kind: 'hosts' }>,
    { settings, ports }: { readonly settings: HostSettings; readonly ports: HostPorts },
  ) {
    this.#hop = hop
    this.#mx = mx
    this.#settings = settings
    this.#ports = ports
  }

  async collect(): Promise<Hosts> {
    for (const host of this.#mx.hosts) {
      if (this.#isEnough()) break
      const ended = await this.#add(host)
      if (ended) return ended
    }
    if (this.#ranked.length === 0) return this.#reason ?? noMailHost(this.#hop.domain)
    return this.#reachable(this.#ranked)
  }

  #isEnough(): boolean {
    const reachable = this.#ranked.filter(({ target }) => isReachable(target, this.#ports))
    return reachable.length >= this.#settings.addressLimit
  }

  /** Adds the addresses of one host. The result ends the search: an address is this node's own. */
  async #add({ host, preference }: MxHost): Promise<Hosts | null> {
    const names = { hop: this.#hop, domain: this.#hop.domain, host }
    const found = await findAddresses(host, familyOf(names, this.#settings), this.#ports)
    if (found.kind === 'none') {
      this.#reason = weightier(this.#reason, found)
      if (!found.permanent) this.#bestUnavailable = Math.min(this.#bestUnavailable, preference)
      return null
    }
    const port = portOf(this.#hop, this.#settings)
    const treatment = treatmentOf(names, this.#settings)
    for (const { address, authentic } of found.addresses) {
      if (isExcluded(address, port)) continue
      if (this.#settings.ourAddresses.has(address)) return this.#betterThan(preference)
      const path = { ...this.#pathTo(found.canonicalHost), addressAuthentic: authentic }
      this.#ranked.push({ target: tcpTarget({ ...treatment, host, address, port, path }), preference })
    }
    return null
  }

  #pathTo(canonicalHost: string) {
    const { canonicalDomain, authentic } = this.#mx
    return { domain: this.#hop.domain, canonicalDomain, mxAuthentic: authentic, canonicalHost }
  }

  /** Hosts of the same preference as this node are not tried either: the result must not depend on the shuffle. */
  #betterThan(preference: number): Hosts {
    const better = this.#ranked.filter((one) => one.preference < preference)
    if (better.length > 0) return this.#reachable(better)
    return this.#reason !== null && this.#bestUnavailable < preference ? this.#reason : loopReply(this.#hop.domain)
  }

  #reachable(ranked: readonly RankedTarget[]): Hosts {
    const targets = ranked.map(({ target }) => target)
    return reachableTargets(targets, this.#settings, this.#ports)
  }
}

function portOf(hop: MxHop, settings: HostSettings): number {
  return hop.port === SMTP_PORT ? settings.mxPort : hop.port
}

/** On port 25 the DNS of others must not lead to this node's own services. Another port is a choice of the operator. */
function isExcluded(address: string, port: number): boolean {
  return port === SMTP_PORT && isNonRoutable(address)
}

function noMailHost(domain: string): NoHosts {
  return noHosts(true, '5.4.4', `No mail host of ${domain} has an address on the internet`)
}
