// The hosts in front of a listener that name the clients of their connections.

import type { ProxyPorts } from './proxy/header-waits.ts'

export interface FrontPorts {
  /** Null or absent if no load balancer is in front. */
  readonly proxy?: ProxyPorts | null
  /** True for the address of a host that may name its clients with XCLIENT; absent for none. */
  readonly isFrontEnd?: (ip: string) => boolean
  /** True for the address of a host that may use XFORWARD; absent for none. */
  readonly isForwarder?: (ip: string) => boolean
}
