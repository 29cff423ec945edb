// The SRV records and names by which mail programs find the nodes that admit users, 465 before 587 (RFC 8314 3.3, 5.1).

import type { MailServer, MailService } from '../autoconfig/mail-service.ts'
import { type ServiceRecord, serviceEntries } from '../autoconfig/service-records.ts'
import { autoconfig } from '../config/sections/autoconfig-section.ts'
import { isLoopbackAddress } from '../lib/ip-address.ts'
import type { Fleet, FleetNode } from '../fleet/fleet-model.ts'
import { listenersOf } from '../fleet/generated-settings.ts'

/** Empty if no node admits users. With `autoconfig` in the settings of a node, also the names of its HTTPS service. */
export function servicePlan(fleet: Fleet): readonly ServiceRecord[] {
  const nodes = fleet.nodes.filter((node) => serversOf(node).length > 0)
  const servers = nodes.flatMap(serversOf)
  const [first, ...others] = servers.toSorted((a, b) => Number(a.tls !== 'implicit') - Number(b.tls !== 'implicit'))
  const node = nodes.find(({ settings }) => settings.autoconfig) ?? nodes[0]
  if (!first || !node) return []
  const settings = settingsOf(node)
  const own = fleet.domains
    .filter(({ kind, senders }) => kind === 'mail' && senders.some((one) => nodes.includes(one)))
    .map(({ name }) => name)
  if (own.length === 0) return []
  const service: MailService = {
    name: fleet.domain,
    domains: (settings?.domains ?? own) as [string, ...string[]],
    outgoing: [first, ...others],
    login: 'address',
    incoming: settings?.incoming ? { ...settings.incoming, host: settings.incoming.server } : null,
    help: null,
  }
  return serviceEntries(service, settings === null ? null : (settings.https_host ?? node.hostname))
}

function settingsOf({ settings }: FleetNode): ReturnType<typeof autoconfig.read> {
  const parsed = autoconfig.schema.safeParse(settings.autoconfig)
  // The section reads no files, so it needs no reader.
  return parsed.success ? autoconfig.read(parsed.data, undefined as never) : null
}

/** A listener on a loopback address is behind a load balancer, which has the port of the role. */
function serversOf(node: FleetNode): readonly MailServer[] {
  const host = settingsOf(node)?.server ?? node.hostname
  return listenersOf(node)
    .filter(({ admit, tls }) => admit.includes('users') && tls !== 'none')
    .map(({ name, host: bound, port, tls }) => ({
      host,
      port: isLoopbackAddress(bound) ? (node.role.listeners[name]?.port ?? port) : port,
      tls: tls === 'implicit' ? ('implicit' as const) : ('starttls' as const),
    }))
}
