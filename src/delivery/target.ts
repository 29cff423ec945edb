// One endpoint that mail can be sent to, and how the client has to treat it: what a next hop resolves to.

import { remoteHost } from '../lib/remote-host.ts'
import type { SharedLimits } from './attempt/shared-limits.ts'
import type { ClientProfile } from './smtp-client/client-profile.ts'
import type { HostPath } from './tls-policy/host-path.ts'
import type { TlsPolicy } from './tls-policy/tls-policy.ts'

export interface Target {
  readonly protocol: 'smtp' | 'lmtp'
  /** Name for reports and for the certificate; the address if there is no name. */
  readonly host: string
  readonly endpoint:
    | { readonly kind: 'tcp'; readonly address: string; readonly port: number }
    | { readonly kind: 'unix'; readonly path: string }
  readonly tls: TlsPolicy
  /** TLS before the greeting (RFC 8314). */
  readonly implicitTls: boolean
  readonly path: HostPath
  /** Set if an entry of `delivery.destinations` applies. */
  readonly profile?: ClientProfile
  /** Limits that it shares with other hosts. */
  readonly shared?: SharedLimits
  /** True if the operator set its number of connections: then how it works changes nothing. */
  readonly ownConcurrency?: boolean
}

/** `name[ip]:port`, or the path of a unix socket. */
export function describeTarget(target: Target): string {
  return target.endpoint.kind === 'unix'
    ? target.endpoint.path
    : remoteHost(target.host, target.endpoint.address, target.endpoint.port)
}
