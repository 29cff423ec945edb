// The node's DNS: our stub over the configured servers (or the system's), behind a cache.

import type { Config } from '../config/config.ts'
import { createCachedResolver } from '../dns/cache.ts'
import type { Resolver } from '../dns/resolver.ts'
import { createStubResolver, stubDefaults } from '../dns/stub.ts'
import { readSystemServers } from '../dns/system-servers.ts'
import type { Clock } from '../lib/clock.ts'

export async function buildResolver(config: Pick<Config, 'dns'>, clock: Clock): Promise<Resolver> {
  const { servers, timeout } = config.dns
  const settings = servers ? { ...stubDefaults, servers, timeoutMs: timeout } : await readSystemServers()
  return createCachedResolver(createStubResolver(settings), { clock })
}
