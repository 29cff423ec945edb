// Open connections that wait for their next message, by connection key. A connection serves one transaction at a time. It is closed after
// some idle seconds, after a number of messages, or at an age: peers close idle sessions, and load balancers redistribute connections.

import type { Clock, Timer } from '../../lib/clock.ts'
import type { TransportConnection } from '../smtp-client/transport.ts'

export interface PoolSettings {
  /** Ms without a message. Postfix keeps connections for 2 s; a little more bridges a pause between two messages. */
  readonly idleMs: number
  /** Postfix has no such limit. A server with a lower one answers 421 or closes, which counts as no attempt. */
  readonly maxMessages: number
  /** Ms since the connection was opened (Postfix: smtp_connection_reuse_time_limit 300 s). */
  readonly maxAgeMs: number
  /** Idle connections over all destinations. */
  readonly maxIdle: number
}

export const standardPool: PoolSettings = { idleMs: 5000, maxMessages: 1000, maxAgeMs: 300_000, maxIdle: 200 }

/** A connection with its history. */
export interface PooledConnection {
  readonly connection: TransportConnection
  /** Monotonic ms. */
  readonly openedAt: number
  /** Transactions that it carried; the borrower counts them. */
  messages: number
  /** Monotonic ms; 0 before its first return. */
  idleSince: number
}

export class ConnectionPool {
  readonly #settings: PoolSettings
  readonly #clock: Clock
  /** In the order in which they became idle, so the first one is the oldest. */
  readonly #idle = new Map<PooledConnection, string>()
  readonly #byKey = new Map<string, PooledConnection[]>()
  readonly #lent = new Set<PooledConnection>()
  #sweepTimer: Timer | null = null
  #retired = false
  #aborted = false

  constructor(settings: PoolSettings, clock: Clock) {
    this.#settings = settings
    this.#clock = clock
  }

  /** The connection with this key that was used last; null if there is none. */
  borrow(key: string): PooledConnection | null {
    const list = this.#byKey.get(key)
    for (let entry = list?.pop(); entry; entry = list?.pop()) {
      this.#idle.delete(entry)
      if (list?.length === 0) this.#byKey.delete(key)
      if (this.#isFresh(entry)) {
        this.#lent.add(entry)
        return entry
      }
      entry.connection.quit()
    }
    return null
  }

  /** Counts a newly opened connection as lent. */
  adopt(connection: TransportConnection): PooledConnection {
    const entry = { connection, openedAt: this.#clock.monotonic(), messages: 0, idleSince: 0 }
    this.#lent.add(entry)
    if (this.#aborted) connection.close()
    return entry
  }

  /** Takes a connection back after a transaction, and keeps or closes it. */
  giveBack(key: string, entry: PooledConnection): void {
    entry.idleSince = this.#clock.monotonic()
    this.putBack(key, entry)
  }

  /** Takes a connection back unused: its idle time continues. */
  putBack(key: string, entry: PooledConnection): void {
    this.#lent.delete(entry)
    if (this.#retired || entry.messages >= this.#settings.maxMessages || !this.#isFresh(entry)) {
      entry.connection.quit()
      return
    }
    this.#idle.set(entry, key)
    const list = this.#byKey.get(key)
    if (list) list.push(entry)
    else this.#byKey.set(key, [entry])
    this.#evict()
    this.#sweepLater()
  }

  /** Idle connections to an address. */
  idleTo(address: string): number {
    let count = 0
    for (const entry of this.#idle.keys()) if (isTo(entry, address)) count++
    return count
  }

  /** Closes up to `count` idle connections to an address, the oldest first. */
  closeIdle(address: string, count: number): void {
    let rest = count
    for (const entry of this.#idle.keys()) {
      if (rest <= 0) return
      if (!isTo(entry, address)) continue
      this.#drop(entry)
      rest--
    }
  }

  /** Closes a connection that a transaction made unusable. */
  discard(entry: PooledConnection): void {
    this.#lent.delete(entry)
    entry.connection.close()
  }

  /** Closes idle connections and keeps none from now on. Running transactions continue. */
  retire(): void {
    this.#retired = true
    for (const entry of this.#idle.keys()) entry.connection.quit()
    this.#idle.clear()
    this.#byKey.clear()
  }

  /** Also closes the connections of running transactions. */
  abort(): void {
    this.retire()
    this.#aborted = true
    for (const entry of this.#lent) entry.connection.close()
  }

  #isFresh(entry: PooledConnection): boolean {
    const now = this.#clock.monotonic()
    const { idleMs, maxAgeMs } = this.#settings
    return entry.connection.usable && now - entry.idleSince < idleMs && now - entry.openedAt < maxAgeMs
  }

  #evict(): void {
    const oldest = this.#idle.keys().next().value
    if (this.#idle.size > this.#settings.maxIdle && oldest) this.#drop(oldest)
  }

  #drop(entry: PooledConnection): void {
    const key = this.#idle.get(entry) as string
    this.#idle.delete(entry)
    const rest = (this.#byKey.get(key) ?? []).filter((other) => other !== entry)
    if (rest.length > 0) this.#byKey.set(key, rest)
    else this.#byKey.delete(key)
    entry.connection.quit()
  }

  /** Closes what stays idle; the timer is set only while something is idle. */
  #sweepLater(): void {
    if (this.#sweepTimer) return
    this.#sweepTimer = this.#clock.after(this.#settings.idleMs, () => {
      this.#sweepTimer = null
      for (const entry of this.#idle.keys()) if (!this.#isFresh(entry)) this.#drop(entry)
      if (this.#idle.size > 0) this.#sweepLater()
    })
  }
}

function isTo({ connection }: PooledConnection, address: string): boolean {
  const { endpoint } = connection.target
  return endpoint.kind === 'tcp' && endpoint.address === address
}
