// Config → when new keys in the files of an operator are used.

import type { DnsPlaces } from '../certificates/stand-in.ts'
import type { Config } from '../config/config.ts'

/** Null if a new key is used at once: it was configured so, or no port can have TLSA records. */
export function keyHoldSettings({ tls, hostname, listeners, role }: Config): DnsPlaces | null {
  if (!tls?.newKeys?.wait) return null
  // Behind a load balancer or in a container the port is another one than that of the role, which clients see.
  const usual = listeners
    .filter((listener) => listener.tls !== 'none')
    .map(({ name, port }) => role.listeners[name]?.port ?? port)
  const ports = tls.newKeys.ports ?? [...new Set(usual)]
  return ports.length === 0 ? null : { hostname, ports }
}
