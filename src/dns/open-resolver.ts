// The resolver of a node: a stub for the configured servers, or for those of resolv.conf, behind a cache.

import type { Clock } from '../lib/clock.ts'
import { createCachedResolver } from './cache.ts'
import type { Resolver } from './resolver.ts'
import { createStubResolver, stubDefaults } from './stub.ts'
import type { StubSettings } from './stub.ts'
import { readSystemServers } from './system-servers.ts'

export interface ResolverSettings {
  /** Null means those of resolv.conf, with the time-out given there. */
  readonly servers: StubSettings['servers'] | null
  readonly timeoutMs: number
}

export async function openResolver({ servers, timeoutMs }: ResolverSettings, clock: Clock): Promise<Resolver> {
  const settings = servers ? { ...stubDefaults, servers, timeoutMs } : await readSystemServers()
  return createCachedResolver(createStubResolver(settings), { clock })
}
