// The option `--dns`: one server, or without it the resolvers of the system.

import { isIP } from 'node:net'
import type { Resolver } from '../dns/resolver.ts'
import { createStubResolver, stubDefaults } from '../dns/stub.ts'
import { readSystemServers } from '../dns/system-servers.ts'
import { readEndpoint } from '../lib/endpoint.ts'

const DNS_PORT = 53

/** The resolver; null if the text is not `ADDRESS` or `ADDRESS:PORT`, with brackets around IPv6 addresses. */
export async function resolverFor(dns: string | undefined): Promise<Resolver | null> {
  if (dns === undefined) return createStubResolver(await readSystemServers())
  const plain = isIP(dns) === 0 ? null : { host: dns, port: DNS_PORT }
  const endpoint = plain ?? readEndpoint(dns) ?? readEndpoint(`${dns}:${DNS_PORT}`)
  if (!endpoint || isIP(endpoint.host) === 0) return null
  return createStubResolver({ ...stubDefaults, servers: [endpoint] })
}
