// The hosts that a next hop led to recently: a message can use an idle connection without a DNS look-up, and domains with the same MX
// host share its connections. The time counts from the look-up, not from the last use, so that changed MX records take effect.

import type { Clock } from '../../lib/clock.ts'
import type { Target } from '../target.ts'
import { isGuessed } from '../tls-policy/host-path.ts'
import type { TlsRequirement } from '../tls-policy/tls-policy.ts'

/** Ms. Shorter than the TTL of nearly all MX records. */
const LIFETIME_MS = 60_000
/** Next hops remembered. Beyond it all are forgotten, which costs some look-ups. */
const CAPACITY = 10_000

const noKeys: readonly string[] = []

export class RecentHosts {
  readonly #clock: Pick<Clock, 'monotonic'>
  /** `until` is monotonic ms. */
  readonly #byNextHop = new Map<string, { readonly keys: string[]; readonly until: number }>()

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock
  }

  /** Connection keys of the hosts that accepted a connection for this next hop. */
  keys(nextHop: string): readonly string[] {
    const known = this.#byNextHop.get(nextHop)
    if (!known) return noKeys
    if (known.until > this.#clock.monotonic()) return known.keys
    this.#byNextHop.delete(nextHop)
    return noKeys
  }

  remember(nextHop: string, key: string): void {
    const now = this.#clock.monotonic()
    const known = this.#byNextHop.get(nextHop)
    if (known && known.until > now) {
      if (!known.keys.includes(key)) known.keys.push(key)
      return
    }
    if (this.#byNextHop.size >= CAPACITY) this.#byNextHop.clear()
    this.#byNextHop.set(nextHop, { keys: [key], until: now + LIFETIME_MS })
  }
}

/** Connections with equal keys are interchangeable: same endpoint, protocol, TLS requirement and profile. */
export function connectionKey(target: Target, requirement: Pick<TlsRequirement, 'key'>): string {
  const { endpoint, profile } = target
  const place = endpoint.kind === 'unix' ? endpoint.path : `${endpoint.address} ${endpoint.port}`
  return `${target.protocol} ${place} ${requirement.key} ${target.implicitTls ? 'tls' : ''} ${target.host}${isGuessed(target.host, target.path) ? ' guessed' : ''} ${profile?.name ?? ''}`
}
