// The resolver of a node: a stub for the configured servers, or for those of resolv.conf, behind a cache.

import type { Budgets } from '../budget/budgets.ts'
import type { Clock } from '../lib/clock.ts'
import { formatEndpoint } from '../lib/endpoint.ts'
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

/** Without a cache and without limits, for questions whose answers must be new. */
export async function openStub({ servers, timeoutMs }: ResolverSettings): Promise<Resolver> {
  return createStubResolver(servers ? { ...stubDefaults, servers, timeoutMs } : await readSystemServers())
}

/** A stub for each server, where each has to say something by itself. `label` is its address. */
export async function openStubs({
  servers,
  timeoutMs,
}: ResolverSettings): Promise<readonly { readonly label: string; readonly resolver: Resolver }[]> {
  const settings = servers ? { ...stubDefaults, servers, timeoutMs } : await readSystemServers()
  return settings.servers.map((server) => ({
    label: formatEndpoint(server),
    resolver: createStubResolver({ ...settings, servers: [server] }),
  }))
}

/** @param budgets has the places of questions */
export async function openResolver(
  settings: ResolverSettings,
  {
    clock,
    budgets,
    metered = (resolver) => resolver,
  }: {
    readonly clock: Clock
    readonly budgets: Pick<Budgets, 'pool'>
    /** Adds what times the questions that are sent. */
    readonly metered?: (resolver: Resolver) => Resolver
  },
): Promise<Resolver> {
  const pools = { open: budgets.pool('dnsQuestions'), waiting: budgets.pool('dnsWaiting') }
  return createCachedResolver(metered(await openStub(settings)), { clock, pools })
}
