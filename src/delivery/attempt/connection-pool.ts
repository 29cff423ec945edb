// Open connections waiting for their next message, by destination. A connection serves one transaction at a time and is given up
// when idle for seconds, after a number of messages, or when old: peers close idle sessions and load balancers want to move us.

import type { Clock } from '../../lib/clock.ts'
import type { TransportConnection } from '../smtp-client/transport.ts'

export interface PoolSettings {
  /** Ms without a message. Postfix keeps connections 2 s; a little more rides over a pause. */
  readonly idleMs: number
  /** Postfix sets no such limit; a server that wants fewer says so by 421 or by closing, which costs no attempt here. */
  readonly maxMessages: number
  /** Ms since it was opened (Postfix: smtp_connection_reuse_time_limit 300 s). */
  readonly maxAgeMs: number
  /** Idle connections over all destinations. */
  readonly maxIdle: number
}

export const standardPool: PoolSettings = { idleMs: 5000, maxMessages: 1000, maxAgeMs: 300_000, maxIdle: 200 }

/** A connection with its history. */
export interface PooledConnection {
  readonly connection: TransportConnection
  readonly openedAt: number
  /** Transactions it carried; the borrower counts. */
  messages: number
  idleSince: number
}

export class ConnectionPool {
  readonly #settings: PoolSettings
  readonly #clock: Clock
  /** In the order they became idle, so the first one is the oldest. */
  readonly #idle = new Map<PooledConnection, string>()
  readonly #byKey = new Map<string, PooledConnection[]>()
  readonly #lent = new Set<PooledConnection>()
  #sweeping = false
  #retired = false
  #aborted = false

  constructor(settings: PoolSettings, clock: Clock) {
    this.#settings = settings
    this.#clock = clock
  }

  get idle(): number {
    return this.#idle.size
  }

  get lent(): number {
    return this.#lent.size
  }

  /** The connection of this destination that was used last, or null. */
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
    const entry = { connection, openedAt: this.#clock.now(), messages: 0, idleSince: 0 }
    this.#lent.add(entry)
    if (this.#aborted) connection.close()
    return entry
  }

  /** Takes it back after a transaction, to keep it for the next one or to close it. */
  giveBack(key: string, entry: PooledConnection): void {
    entry.idleSince = this.#clock.now()
    this.putBack(key, entry)
  }

  /** Takes it back unused: its time goes on. */
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
    if (!this.#sweeping) void this.#sweep()
  }

  /** Gives it up: the transaction broke it. */
  discard(entry: PooledConnection): void {
    this.#lent.delete(entry)
    entry.connection.close()
  }

  /** Says goodbye to idle connections; keeps none from now on. Running transactions go on. */
  retire(): void {
    this.#retired = true
    for (const entry of this.#idle.keys()) entry.connection.quit()
    this.#idle.clear()
    this.#byKey.clear()
  }

  /** Cuts running transactions off as well. */
  abort(): void {
    this.retire()
    this.#aborted = true
    for (const entry of this.#lent) entry.connection.close()
  }

  #isFresh(entry: PooledConnection): boolean {
    const now = this.#clock.now()
    const { idleMs, maxAgeMs } = this.#settings
    const idle = now - entry.idleSince
    // Below zero: the clock was set back, and nobody knows for how long.
    return entry.connection.usable && idle >= 0 && idle < idleMs && now - entry.openedAt < maxAgeMs
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

  /** Closes what stays idle; runs only while something is idle. */
  async #sweep(): Promise<void> {
    this.#sweeping = true
    while (this.#idle.size > 0) {
      await this.#clock.sleep(this.#settings.idleMs)
      for (const entry of this.#idle.keys()) if (!this.#isFresh(entry)) this.#drop(entry)
    }
    this.#sweeping = false
  }
}
