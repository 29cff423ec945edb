// The listeners of a node: those of its role, bound where `listen` says, and their conflicts with other ports of the node.

import { isIP } from 'node:net'
import { formatEndpoint } from '../lib/endpoint.ts'
import type { Report } from './problem.ts'
import type { ListenerRole, RoleFile } from './role-file.ts'
import type { SectionValues } from './sections.ts'

export interface ListenerConfig extends Omit<ListenerRole, 'address'> {
  readonly name: string
  readonly host: string
  readonly port: number
  /** Networks of the load balancers in front. */
  readonly proxy: readonly string[]
  /** Networks of the hosts that may use XCLIENT. */
  readonly xclient: readonly string[]
  /** Networks of the hosts that may use XFORWARD. */
  readonly xforward: readonly string[]
  /** The only networks of its clients; empty for any. */
  readonly networks: readonly string[]
}

/** The listeners of the role. Reports names under `listen` that the role does not have. */
export function placeListeners(role: RoleFile, listen: SectionValues['listen'], report: Report): ListenerConfig[] {
  const names = Object.keys(role.listeners)
  for (const name of Object.keys(listen).filter((one) => !names.includes(one)))
    report(
      ['listen', name],
      `found a listener that the role ${role.role} does not have, expected one of ${names.join(', ')}`,
    )
  return Object.entries(role.listeners).map(([name, { address, ...listener }]) => {
    const { address: bind, proxy = [], xclient = [], xforward = [], networks = [] } = listen[name] ?? {}
    if (networks.length > 0 && listener.admit.includes('internet'))
      report(['listen', name, 'networks'], 'found networks, expected none: the listener admits the internet')
    const place = { host: bind?.host ?? address, port: bind?.port ?? listener.port }
    return { ...listener, name, ...place, proxy, xclient, xforward, networks }
  })
}

interface Bound {
  readonly path: readonly string[]
  readonly host: string
  readonly port: number
}

/** Reports two listeners of the node that need the same port, at the later one. Ports of other programs are found at the start. */
export function checkPorts(
  {
    listeners,
    admin,
    queue_transfer,
    autoconfig,
    self_service: page,
  }: Pick<SectionValues, 'admin' | 'queue_transfer' | 'autoconfig' | 'self_service'> & {
    listeners: readonly ListenerConfig[]
  },
  report: Report,
): void {
  const all: Bound[] = [
    ...listeners.map(({ name, host, port }) => ({ path: ['listen', name], host, port })),
    ...(admin?.listen ? [{ path: ['admin', 'listen'], ...admin.listen }] : []),
    ...(queue_transfer ? [{ path: ['queue_transfer', 'listen'], ...queue_transfer.listen }] : []),
    ...(autoconfig?.listen ? [{ path: ['autoconfig', 'listen'], ...autoconfig.listen }] : []),
    ...(page ? [{ path: ['self_service', 'listen'], ...page.listen }] : []),
  ]
  for (const [index, one] of all.entries()) {
    const earlier = all.slice(0, index).find((other) => overlaps(one, other))
    if (earlier)
      report(
        one.path,
        `found ${formatEndpoint(one)}, which ${earlier.path.join('.')} (${formatEndpoint(earlier)}) uses, expected another address or port`,
      )
  }
}

/** `::` covers the addresses of both families, `0.0.0.0` those of IPv4. Port 0 is any free port. */
function overlaps(one: Bound, other: Bound): boolean {
  if (one.port !== other.port || one.port === 0) return false
  const hosts = [one.host, other.host]
  if (one.host === other.host || hosts.includes('::')) return true
  return hosts.includes('0.0.0.0') && hosts.every((host) => isIP(host) === 4)
}
