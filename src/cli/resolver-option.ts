// The `--dns HOST:PORT` option of commands: that server, or those of the system.

import { isIP } from 'node:net'
import type { Resolver } from '../dns/resolver.ts'
import { createStubResolver, stubDefaults } from '../dns/stub.ts'
import { readSystemServers } from '../dns/system-servers.ts'

const DNS_PORT = 53

/** The resolver, or null if the text is no `address[:port]` (IPv6 in brackets). */
export async function resolverFor(dns: string | undefined): Promise<Resolver | null> {
  if (dns === undefined) return createStubResolver(await readSystemServers())
  const found = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(dns)
  const host = found?.[1] ?? found?.[2] ?? (isIP(dns) ? dns : '')
  const port = Number(found?.[3] ?? DNS_PORT)
  if (isIP(host) === 0 || port < 1 || port > 65_535) return null
  return createStubResolver({ ...stubDefaults, servers: [{ host, port }] })
}
