// The LDAP servers of a pool: which one is tried next, and the pause before a failed one is tried again.

import type { Clock } from '../../lib/clock.ts'
import { orAborted, withDeadline } from '../deadline.ts'
import { openConnection } from './ldap-connection.ts'
import type { LdapConnection } from './ldap-connection.ts'
import { describeLdapError, isRefusedLogin } from './ldap-errors.ts'
import type { LdapBind, LdapServerSettings } from './ldap-settings.ts'

/** Pause before a failed server is tried again; it doubles with each failure. */
const BACKOFF_MS = 1000
const MAX_BACKOFF_MS = 60_000

interface Server {
  readonly url: string
  failures: number
  /** Monotonic time before which the server is not tried. */
  notBefore: number
  /** Why the last connection failed. */
  cause: string
}

export type Connected =
  | { readonly kind: 'connected'; readonly connection: LdapConnection }
  | { readonly kind: 'unavailable'; readonly cause: string }

export class LdapServers {
  readonly #settings: LdapServerSettings
  readonly #clock: Clock
  readonly #servers: readonly Server[]
  readonly #connecting = new Set<LdapConnection>()
  #isClosed = false

  constructor(settings: LdapServerSettings, clock: Clock) {
    this.#settings = settings
    this.#clock = clock
    this.#servers = settings.urls.map((url) => ({ url, failures: 0, notBefore: 0, cause: '' }))
  }

  /**
   * A bound connection to the first server that answers; servers in their pause are skipped. With `bind`, binds as that identity
   * instead of the configured one, and throws the server's error if it refuses the login.
   */
  async connect(deadline: AbortSignal, bind?: LdapBind): Promise<Connected> {
    const causes: string[] = []
    // The server that answered last comes first; failed ones follow by their number of failures.
    for (const server of this.#servers.toSorted((a, b) => a.failures - b.failures)) {
      if (this.#isClosed) return { kind: 'unavailable', cause: 'closed' }
      if (deadline.aborted) break
      const pauseMs = server.notBefore - this.#clock.monotonic()
      if (pauseMs > 0) {
        causes.push(`${server.cause} (next attempt in ${Math.ceil(pauseMs / 1000)} s)`)
        continue
      }
      const connection = await this.#connectTo(server, deadline, bind)
      if (connection) return { kind: 'connected', connection }
      causes.push(server.cause)
    }
    return { kind: 'unavailable', cause: causes.join('; ') || (deadline.reason as Error).message }
  }

  resetBackoff(): void {
    for (const server of this.#servers) server.notBefore = 0
  }

  close(): void {
    this.#isClosed = true
    for (const connection of this.#connecting) connection.destroy()
  }

  async #connectTo(server: Server, deadline: AbortSignal, bind?: LdapBind): Promise<LdapConnection | null> {
    const { timeoutMs } = this.#settings
    const { connection, ready } = openConnection(server.url, { ...this.#settings, bind: bind ?? this.#settings.bind })
    this.#connecting.add(connection)
    try {
      // A server that does not answer must leave time for the next one.
      const limits = { clock: this.#clock, ms: timeoutMs, reason: `no connection within ${timeoutMs / 1000} s` }
      await withDeadline({ ...limits, signal: deadline }, (signal) => orAborted(ready, signal))
      server.failures = 0
      server.notBefore = 0
      return connection
    } catch (error) {
      connection.destroy()
      // A wrong password is no failure of the server.
      if (bind && isRefusedLogin(error)) throw error
      server.failures += 1
      const backoff = Math.min(MAX_BACKOFF_MS, BACKOFF_MS * 2 ** (server.failures - 1))
      server.notBefore = this.#clock.monotonic() + backoff
      server.cause = `${server.url}: ${describeLdapError(error)}`
      return null
    } finally {
      this.#connecting.delete(connection)
    }
  }
}
