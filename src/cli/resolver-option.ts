// The `--dns HOST:PORT` option of commands: that server, or those of the system.

import { isIP } from 'node:net'
import type { Resolver } from '../dns/resolver.ts'
import { createStubResolver, stubDefaults } from '../dns/stub.ts'
import { readSystemServers } from '../dns/system-servers.ts'
import { readEndpoint } from '../lib/endpoint.ts'

const DNS_PORT = 53

/** The resolver, or null if the text is no `address[:port]` (IPv6 in brackets). */
export async function resolverFor(dns: string | undefined): Promise<Resolver | null> {
  if (dns === undefined) return createStubResolver(await readSystemServers())
  const plain = isIP(dns) === 0 ? null : { host: dns, port: DNS_PORT }
  const endpoint = plain ?? readEndpoint(dns) ?? readEndpoint(`${dns}:${DNS_PORT}`)
  if (!endpoint || isIP(endpoint.host) === 0) return null
  return createStubResolver({ ...stubDefaults, servers: [endpoint] })
}
