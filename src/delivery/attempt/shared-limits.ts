// Limits that several destinations share because their mail goes to the same hosts: what the operator says of a host or `*.name` counts for
// all domains behind it together. Which hosts those are is known only after the look-up, so the scheduler, which knows next hops, cannot
// keep them: an attempt asks here before it dials, and goes back to the queue unbegun if there is no place.

/** What one entry of the configuration allows. */
export interface SharedLimits {
  /** Its key. */
  readonly name: string
  /** Mail transactions at once, or null for any number. */
  readonly concurrency: number | null
  /** Least time between two of them, ms; 0 for none. */
  readonly intervalMs: number
}

export type Acquisition =
  | { readonly kind: 'entered' }
  /** Try again in so many ms. */
  | { readonly kind: 'full'; readonly waitMs: number }

/** The first wait for a place; it doubles each time, so that hundreds of domains before one provider do not ask all the time. */
const FIRST_WAIT = 1000
const LONGEST_WAIT = 30_000
/** Next hops whose waits are remembered; beyond it all begin again, which costs questions and nothing else. */
const CAPACITY = 10_000

interface Gate {
  active: number
  /** Unix ms of the last transaction begun. */
  lastAt: number
  /** A host behind it wants to be left alone until then, unix ms. */
  pausedUntil: number
  /** By next hop that found it closed. */
  readonly waits: Map<string, Wait>
}

interface Wait {
  readonly ms: number
  /** Unix ms: who asks before it, with another mail, has not waited in vain again. */
  readonly until: number
}

export class HostLimiter {
  /** As many as the configuration has entries. */
  readonly #gates = new Map<string, Gate>()
  #lastNow = Number.NEGATIVE_INFINITY

  /** Takes a place for one mail transaction of a next hop; `leave` gives it back. */
  acquire(limits: SharedLimits, nextHop: string, now: number): Acquisition {
    if (now < this.#lastNow) this.#stepBack(this.#lastNow - now)
    this.#lastNow = now
    const gate = this.#gate(limits.name)
    const opensIn = Math.max(gate.lastAt + limits.intervalMs, gate.pausedUntil) - now
    const isFull = limits.concurrency !== null && gate.active >= limits.concurrency
    if (isFull || opensIn > 0) return { kind: 'full', waitMs: Math.max(opensIn, nextWait(gate, nextHop, now)) }
    gate.active++
    gate.lastAt = now
    gate.waits.delete(nextHop)
    return { kind: 'entered' }
  }

  release(limits: SharedLimits): void {
    this.#gate(limits.name).active--
  }

  /** For how long a host behind it wants to be left alone, ms; 0 if none does. */
  pausedMs(limits: SharedLimits, now: number): number {
    return Math.max(0, this.#gate(limits.name).pausedUntil - now)
  }

  /** A host wants to be left alone until then, unix ms: so do all the domains behind it. */
  pause(limits: SharedLimits, until: number): void {
    const gate = this.#gate(limits.name)
    gate.pausedUntil = Math.max(gate.pausedUntil, until)
  }

  /** The clock was set back: what was to last a second must not last until it is there again. */
  #stepBack(ms: number): void {
    for (const gate of this.#gates.values()) {
      gate.lastAt -= ms
      gate.pausedUntil -= ms
      gate.waits.clear()
    }
  }

  #gate(name: string): Gate {
    const known = this.#gates.get(name)
    if (known) return known
    const gate: Gate = { active: 0, lastAt: Number.NEGATIVE_INFINITY, pausedUntil: 0, waits: new Map() }
    this.#gates.set(name, gate)
    return gate
  }
}

function nextWait(gate: Gate, nextHop: string, now: number): number {
  const last = gate.waits.get(nextHop)
  if (last && now < last.until) return last.until - now
  const ms = last ? Math.min(last.ms * 2, LONGEST_WAIT) : FIRST_WAIT
  if (!last && gate.waits.size >= CAPACITY) gate.waits.clear()
  gate.waits.set(nextHop, { ms, until: now + ms })
  return ms
}
