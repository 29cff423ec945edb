// Which hosts a next hop led to a moment ago: lets a mail take an idle connection without asking DNS, and lets domains that share
// a mail host share its connections. Counted from the look-up, not from the last use, so that changed MX records are noticed.

import type { Target } from '../target.ts'

/** Ms. Shorter than the TTL of nearly all MX records. */
const REMEMBER = 60_000
/** Next hops remembered; beyond it all are forgotten, which costs look-ups and nothing else. */
const CAPACITY = 10_000

const nothing: readonly string[] = []

export class RecentHosts {
  #until = new Map<string, { readonly keys: string[]; readonly until: number }>()

  /** Keys of hosts that served this next hop, newest look-up. */
  keys(nextHop: string, now: number): readonly string[] {
    const known = this.#until.get(nextHop)
    if (!known) return nothing
    if (known.until > now) return known.keys
    this.#until.delete(nextHop)
    return nothing
  }

  remember(nextHop: string, key: string, now: number): void {
    const known = this.#until.get(nextHop)
    if (known && known.until > now) {
      if (!known.keys.includes(key)) known.keys.push(key)
      return
    }
    if (this.#until.size >= CAPACITY) this.#until.clear()
    this.#until.set(nextHop, { keys: [key], until: now + REMEMBER })
  }
}

/** Connections with the same key are interchangeable: same place, same protocol, same proof of identity on both sides. */
export function connectionKey(target: Target): string {
  const { endpoint, profile } = target
  const place = endpoint.kind === 'unix' ? endpoint.path : `${endpoint.address} ${endpoint.port}`
  return `${target.protocol} ${place} ${target.tls.name} ${target.implicitTls ? 'tls' : ''} ${target.host} ${profile?.name ?? ''}`
}
