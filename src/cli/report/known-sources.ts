// Which of the sources in reports are nodes of ours: by the configuration, and by the addresses of the host names in it.

import { isIP } from 'node:net'
import { createBudgets } from '../../budget/budgets.ts'
import type { Config } from '../../config/config.ts'
import { loadConfig } from '../../config/load-config.ts'
import { confirmedName } from '../../dns/fcrdns.ts'
import { lookupAddresses } from '../../dns/host-addresses.ts'
import { openResolver } from '../../dns/open-resolver.ts'
import type { Resolver } from '../../dns/resolver.ts'
import { commandClock as clock } from '../../lib/clock.ts'
import { canonicalAddress, isPublicAddress, networkMatcher } from '../../lib/ip-address.ts'
import { resolverSettings } from '../../wiring/node-settings.ts'

export interface KnownSource {
  /** The host name; null if none is confirmed, or the DNS was not asked. */
  readonly name: string | null
  readonly isOurs: boolean
}

export interface KnownSources {
  find(ip: string): Promise<KnownSource>
}

/** Nothing is known: the configuration is not readable here. */
const nothing: KnownSources = { find: async () => ({ name: null, isOurs: false }) }

/** @param dns false to ask no questions */
export async function knownSources(
  file: string,
  dns: boolean,
): Promise<{ readonly sources: KnownSources; readonly note: string | null }> {
  const loaded = loadConfig(file)
  if (loaded.kind === 'bad')
    return { sources: nothing, note: `${file} has problems or cannot be read: our nodes are not marked` }
  const { config } = loaded
  const isConfigured = networkMatcher(ownNetworks(config))
  if (!dns) return { sources: { find: async (ip) => ({ name: null, isOurs: isConfigured(ip) }) }, note: null }
  const resolver = await openResolver(resolverSettings(config), { clock, budgets: createBudgets(clock) })
  const named = await namedAddresses(config, resolver)
  return {
    sources: {
      find: async (ip) => {
        const own = named.get(canonicalAddress(ip) ?? ip)
        if (own !== undefined) return { name: own, isOurs: true }
        const found = await confirmedName(ip, { resolver, clock })
        return { name: found.kind === 'name' ? found.name : null, isOurs: isConfigured(ip) }
      },
    },
    note: null,
  }
}

/** Source addresses, addresses of listeners, and what `peers` has. */
function ownNetworks({ delivery, listeners, peers }: Config): readonly string[] {
  const sources = [delivery.source, ...Object.values(delivery.destinations).flatMap(({ source }) => source ?? [])]
  const own = [
    ...sources.flatMap(({ ipv4, ipv6 }) => [ipv4, ipv6].filter((one) => one !== undefined)),
    ...listeners.map(({ host }) => host),
    ...Object.values(peers).flatMap((nodes) => nodes.map(({ host }) => host)),
  ]
  const addresses = own.filter((one) => isPublicAddress(one)).map((one) => `${one}/${isIP(one) === 4 ? 32 : 128}`)
  return [...addresses, ...Object.values(peers).flatMap((nodes) => nodes.flatMap((node) => node.addresses))]
}

/** Address → name, of this node and of its peers. */
async function namedAddresses(config: Config, resolver: Resolver): Promise<ReadonlyMap<string, string>> {
  const hosts = Object.values(config.peers).flatMap((nodes) => nodes.map(({ host }) => host))
  const names = [...new Set([config.hostname, ...hosts.filter((host) => isIP(host) === 0)])]
  const found = await Promise.all(names.map(async (name) => ({ name, answer: await lookupAddresses(resolver, name) })))
  return new Map(
    found.flatMap(({ name, answer }) =>
      answer.kind === 'found'
        ? answer.addresses.map(({ address }) => [canonicalAddress(address) ?? address, name] as const)
        : [],
    ),
  )
}
