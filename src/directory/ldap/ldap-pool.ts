// Connections to LDAP servers, one request at a time on each, with a deadline around everything. The library shares one socket among all
// requests and loses answers when it reconnects, so a client is never shared, and never used again after an error.

import type { Clock } from '../../lib/clock.ts'
import { createSemaphore } from '../../lib/semaphore.ts'
import { orAborted, withDeadline } from '../deadline.ts'
import type { LdapConnection } from './ldap-connection.ts'
import { describeLdapError, isRefusal } from './ldap-errors.ts'
import { LdapServers } from './ldap-servers.ts'
import type { LdapBind, LdapServerSettings } from './ldap-settings.ts'
import type { PagingClient } from './paging-client.ts'

export type LdapResult<T> =
  | { readonly kind: 'answered'; readonly value: T }
  /** The server answered with an error, such as a size limit. */
  | { readonly kind: 'refused'; readonly cause: string }
  | { readonly kind: 'unavailable'; readonly cause: string }

export interface LdapPool {
  /** Runs one request on a bound connection. `deadlineMs` covers waiting for a connection, connecting and the answer. */
  query<T>(request: (client: PagingClient) => Promise<T>, deadlineMs: number): Promise<LdapResult<T>>
  /**
   * Binds as a person, on a new connection that is closed afterwards: a pooled one would keep that person's rights.
   * `refused` if the server does not accept this DN with this password.
   */
  bindAs(person: { readonly dn: string; readonly password: string }, deadlineMs: number): Promise<LdapResult<true>>
  /** Runs one request as another identity, on a separate connection. `refused` also if the server does not accept the identity. */
  queryAs<T>(bind: LdapBind, request: (client: PagingClient) => Promise<T>, deadlineMs: number): Promise<LdapResult<T>>
  /** Ends the pauses after failures: the next request tries every server at once. */
  resetBackoff(): void
  close(): void
}

/** Servers and firewalls drop idle connections silently; a new one costs a few round trips. */
const MAX_IDLE_MS = 30_000

interface Idle {
  readonly connection: LdapConnection
  /** Monotonic time. */
  readonly since: number
}

interface PoolState {
  readonly clock: Clock
  readonly servers: LdapServers
  readonly idle: Idle[]
  readonly used: Set<LdapConnection>
  isClosed: boolean
}

export function createLdapPool(settings: LdapServerSettings, clock: Clock): LdapPool {
  const slots = createSemaphore(settings.connections)
  const servers = new LdapServers(settings, clock)
  const pool: PoolState = { clock, servers, idle: [], used: new Set(), isClosed: false }
  const limited = async <T>(ms: number, work: (deadline: AbortSignal) => Promise<LdapResult<T>>) => {
    const limits = { clock, ms, reason: `no answer within ${ms / 1000} s` }
    try {
      return await withDeadline(limits, async (deadline) => {
        const release = await slots.acquire(deadline)
        return await work(deadline).finally(release)
      })
    } catch (error) {
      return { kind: 'unavailable', cause: (error as Error).message } as const
    }
  }
  return {
    query: (request, ms) => limited(ms, (deadline) => queryWithRetry(pool, request, deadline)),
    bindAs: (person, ms) =>
      limited(ms, (deadline) =>
        queryOnce(pool, { kind: 'simple', ...person }, { request: () => Promise.resolve(true), deadline }),
      ),
    queryAs: (bind, request, ms) => limited(ms, (deadline) => queryOnce(pool, bind, { request, deadline })),
    resetBackoff: () => servers.resetBackoff(),
    close: () => {
      pool.isClosed = true
      servers.close()
      for (const { connection } of pool.idle.splice(0)) connection.destroy()
      for (const connection of pool.used) connection.destroy()
    },
  }
}

type Request<T> = (client: PagingClient) => Promise<T>

async function queryWithRetry<T>(pool: PoolState, request: Request<T>, deadline: AbortSignal): Promise<LdapResult<T>> {
  const idle = takeIdle(pool)
  if (idle) {
    const result = await queryOn(pool, idle, { request, deadline })
    // The server may have closed it just before the request: one retry on a new connection.
    if (result.kind !== 'unavailable' || deadline.aborted || pool.isClosed) return result
  }
  const connected = await pool.servers.connect(deadline)
  if (connected.kind === 'unavailable') return connected
  return await queryOn(pool, connected.connection, { request, deadline })
}

/** A pooled connection would keep the rights of this identity, so this one is closed afterwards. */
async function queryOnce<T>(
  { servers, used }: PoolState,
  bind: LdapBind,
  { request, deadline }: { readonly request: Request<T>; readonly deadline: AbortSignal },
): Promise<LdapResult<T>> {
  let connection: LdapConnection | null = null
  try {
    const connected = await servers.connect(deadline, bind)
    if (connected.kind === 'unavailable') return connected
    connection = connected.connection
    used.add(connection)
    return { kind: 'answered', value: await orAborted(request(connection.client), deadline) }
  } catch (error) {
    if (isRefusal(error)) return { kind: 'refused', cause: describeLdapError(error) }
    if (connection === null) throw error
    return { kind: 'unavailable', cause: `${connection.url}: ${describeLdapError(error)}` }
  } finally {
    if (connection !== null) {
      used.delete(connection)
      connection.destroy()
    }
  }
}

/** The most recently used idle connection that is still open. */
function takeIdle(pool: PoolState): LdapConnection | null {
  for (let idle = pool.idle.pop(); idle; idle = pool.idle.pop()) {
    if (idle.connection.isOpen() && pool.clock.monotonic() - idle.since <= MAX_IDLE_MS) return idle.connection
    idle.connection.destroy()
  }
  return null
}

async function queryOn<T>(
  pool: PoolState,
  connection: LdapConnection,
  { request, deadline }: { readonly request: Request<T>; readonly deadline: AbortSignal },
): Promise<LdapResult<T>> {
  pool.used.add(connection)
  connection.keepProcessAlive(true)
  try {
    const value = await orAborted(request(connection.client), deadline)
    connection.keepProcessAlive(false)
    if (connection.isOpen() && !pool.isClosed) pool.idle.push({ connection, since: pool.clock.monotonic() })
    else connection.destroy()
    return { kind: 'answered', value }
  } catch (error) {
    connection.destroy()
    const cause = `${connection.url}: ${describeLdapError(error)}`
    return isRefusal(error) ? { kind: 'refused', cause } : { kind: 'unavailable', cause }
  } finally {
    pool.used.delete(connection)
  }
}
