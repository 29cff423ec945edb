// The ports at which others reach a node with TLS.

import type { FleetNode } from '../fleet/fleet-model.ts'
import { listenersOf } from '../fleet/generated-settings.ts'
import { isLoopbackAddress } from '../lib/ip-address.ts'

export interface TlsPort {
  /** As others connect: that of the role, which a load balancer or a container forwards. */
  readonly port: number
  readonly tls: 'implicit' | 'starttls'
  /** Mail from the internet arrives there. */
  readonly isMx: boolean
}

/** Without listeners that only programs of the host reach. */
export function tlsPorts(node: FleetNode): readonly TlsPort[] {
  return listenersOf(node)
    .filter(({ tls, admit, host, name }) => {
      const isLocal = isLoopbackAddress(host) && node.role.listeners[name] === undefined
      return tls !== 'none' && !isLocal && !admit.every((one) => one === 'local')
    })
    .map(({ name, port, tls, admit }) => ({
      port: node.role.listeners[name]?.port ?? port,
      tls: tls === 'implicit' ? 'implicit' : 'starttls',
      isMx: admit.includes('internet'),
    }))
}
