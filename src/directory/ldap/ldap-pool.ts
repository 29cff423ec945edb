// Connections to LDAP servers, one question on each at a time, with a deadline around everything. The library shares one socket among all
// questions and loses answers when it reconnects under several of them; so no client of it is ever used by two, or used after trouble.
// Room: directory.

import type { Clock } from '../../lib/clock.ts'
import { createSemaphore } from '../../lib/semaphore.ts'
import { openConnection } from './ldap-connection.ts'
import type { LdapConnection } from './ldap-connection.ts'
import { describeLdapError, isRefusal, isRefusedLogin } from './ldap-errors.ts'
import type { LdapBind, LdapServerSettings } from './ldap-settings.ts'
import type { PagingClient } from './paging-client.ts'

export type LdapResult<T> =
  | { readonly kind: 'answered'; readonly value: T }
  /** The server answered with an error of its own, such as a size limit. */
  | { readonly kind: 'refused'; readonly cause: string; readonly error: Error }
  | { readonly kind: 'unavailable'; readonly cause: string }

export interface LdapPool {
  /** Asks on a bound connection that nobody else uses meanwhile. `deadlineMs` bounds the waiting, connecting and asking together. */
  query<T>(question: (client: PagingClient) => Promise<T>, deadlineMs: number): Promise<LdapResult<T>>
  /**
   * Binds as somebody, on a connection that nobody uses for anything else: one of ours would go on with that person's rights.
   * `refused` if the server does not take this name with this password.
   */
  bindAs(who: { readonly dn: string; readonly password: string }, deadlineMs: number): Promise<LdapResult<true>>
  /** Forgets earlier failures: the next question tries every server at once. */
  resetBackoff(): void
  close(): void
}

/** Pause before a server that failed is tried again; doubles with each failure. */
const BACKOFF_MS = 1000
const MOST_BACKOFF_MS = 60_000
/** Servers and firewalls drop idle connections silently; a new one costs a few round trips. */
const MOST_IDLE_MS = 30_000

interface Server {
  readonly url: string
  failures: number
  /** Not before this time. */
  notBefore: number
  cause: string
}

interface Idle {
  readonly connection: LdapConnection
  readonly since: number
}

interface Pool {
  readonly settings: LdapServerSettings
  readonly clock: Clock
  readonly servers: Server[]
  readonly idle: Idle[]
  readonly used: Set<LdapConnection>
  closed: boolean
}

export function createLdapPool(settings: LdapServerSettings, clock: Clock): LdapPool {
  const places = createSemaphore(settings.connections)
  const servers = settings.urls.map((url) => ({ url, failures: 0, notBefore: 0, cause: '' }))
  const pool: Pool = { settings, clock, servers, idle: [], used: new Set(), closed: false }
  const inTime = async <T>(deadlineMs: number, work: (deadline: AbortSignal) => Promise<LdapResult<T>>) => {
    const deadline = new AbortController()
    const timer = setTimeout(() => deadline.abort(new Error(`no answer within ${deadlineMs / 1000} s`)), deadlineMs)
    try {
      const release = await places.acquire(deadline.signal)
      try {
        return await work(deadline.signal)
      } finally {
        release()
      }
    } catch (error) {
      return { kind: 'unavailable', cause: (error as Error).message } as const
    } finally {
      clearTimeout(timer)
    }
  }
  return {
    query: (question, deadlineMs) => inTime(deadlineMs, (deadline) => askOne(pool, question, deadline)),
    bindAs: (who, deadlineMs) => inTime(deadlineMs, (deadline) => bindOne(pool, { kind: 'simple', ...who }, deadline)),
    resetBackoff: () => {
      for (const server of servers) server.notBefore = 0
    },
    close: () => {
      pool.closed = true
      for (const { connection } of pool.idle.splice(0)) connection.destroy()
      for (const connection of pool.used) connection.destroy()
    },
  }
}

async function askOne<T>(
  pool: Pool,
  question: (client: PagingClient) => Promise<T>,
  deadline: AbortSignal,
): Promise<LdapResult<T>> {
  const old = takeIdle(pool)
  if (old) {
    const answer = await askOn(pool, old, question, deadline)
    // The server may have closed it just before we asked: once more, on a fresh one.
    if (answer.kind !== 'unavailable' || deadline.aborted || pool.closed) return answer
  }
  const opened = await openAny(pool, deadline)
  return typeof opened === 'string'
    ? { kind: 'unavailable', cause: opened }
    : await askOn(pool, opened, question, deadline)
}

async function bindOne(pool: Pool, who: LdapBind, deadline: AbortSignal): Promise<LdapResult<true>> {
  try {
    const opened = await openAny(pool, deadline, who)
    if (typeof opened === 'string') return { kind: 'unavailable', cause: opened }
    opened.destroy()
    return { kind: 'answered', value: true }
  } catch (error) {
    if (isRefusedLogin(error)) return { kind: 'refused', cause: describeLdapError(error), error }
    throw error
  }
}

/** The newest idle connection that is still open. */
function takeIdle(pool: Pool): LdapConnection | null {
  for (let one = pool.idle.pop(); one; one = pool.idle.pop()) {
    if (one.connection.isOpen() && pool.clock.now() - one.since <= MOST_IDLE_MS) return one.connection
    one.connection.destroy()
  }
  return null
}

async function askOn<T>(
  pool: Pool,
  connection: LdapConnection,
  question: (client: PagingClient) => Promise<T>,
  deadline: AbortSignal,
): Promise<LdapResult<T>> {
  pool.used.add(connection)
  connection.hold(true)
  try {
    const value = await within(question(connection.client), deadline)
    connection.hold(false)
    if (connection.isOpen() && !pool.closed) pool.idle.push({ connection, since: pool.clock.now() })
    else connection.destroy()
    return { kind: 'answered', value }
  } catch (error) {
    connection.destroy()
    const cause = `${connection.url}: ${describeLdapError(error)}`
    return isRefusal(error) ? { kind: 'refused', cause, error } : { kind: 'unavailable', cause }
  } finally {
    pool.used.delete(connection)
  }
}

/**
 * A connection to the first server that takes us; servers that failed lately are passed over. The cause where none does.
 * Throws what a server says of `who`, where we are to be somebody else.
 */
async function openAny(pool: Pool, deadline: AbortSignal, who?: LdapBind): Promise<LdapConnection | string> {
  const causes: string[] = []
  // The one that answered last comes first; those with failures come in their order.
  for (const server of pool.servers.toSorted((a, b) => a.failures - b.failures)) {
    if (pool.closed) return 'closed'
    if (deadline.aborted) break
    if (server.notBefore > pool.clock.now()) {
      causes.push(`${server.cause} (tried again in ${Math.ceil((server.notBefore - pool.clock.now()) / 1000)} s)`)
      continue
    }
    const opened = await open(pool, server, { deadline, who })
    if (opened) return opened
    causes.push(server.cause)
  }
  return causes.length > 0 ? causes.join('; ') : (deadline.reason as Error).message
}

async function open(
  pool: Pool,
  server: Server,
  by: { readonly deadline: AbortSignal; readonly who: LdapBind | undefined },
): Promise<LdapConnection | null> {
  const { deadline, who } = by
  // One server that does not answer must leave time for the next one.
  const patience = AbortSignal.timeout(pool.settings.timeoutMs)
  const { connection, ready } = openConnection(server.url, { ...pool.settings, bind: who ?? pool.settings.bind })
  pool.used.add(connection)
  try {
    await within(ready, AbortSignal.any([deadline, patience]))
    server.failures = 0
    server.notBefore = 0
    return connection
  } catch (error) {
    connection.destroy()
    // A wrong password of somebody is no failure of the server.
    if (who && isRefusedLogin(error)) throw error
    server.failures += 1
    server.notBefore = pool.clock.now() + Math.min(MOST_BACKOFF_MS, BACKOFF_MS * 2 ** (server.failures - 1))
    const text = patience.aborted
      ? `no connection within ${pool.settings.timeoutMs / 1000} s`
      : describeLdapError(error)
    server.cause = `${server.url}: ${text}`
    return null
  } finally {
    pool.used.delete(connection)
  }
}

/** The work, or the deadline's reason if that comes first; what the work says later is of no interest then. */
function within<T>(work: Promise<T>, deadline: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = () => reject(deadline.reason as Error)
    if (deadline.aborted) late()
    deadline.addEventListener('abort', late, { once: true })
    work.then(resolve, reject).finally(() => deadline.removeEventListener('abort', late))
  })
}
