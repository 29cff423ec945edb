// Checks the reverse DNS of the node's source addresses. Large providers reject mail from an IPv6 address without confirmed reverse DNS
// permanently, so such an address is not used until it has one. An IPv4 address is always used, because there may be no other, and reported.

import { isIPv6 } from 'node:net'
import type { Clock } from '../../lib/clock.ts'
import { isPublicAddress, plainAddress } from '../../lib/ip-address.ts'

export type SourceState =
  /** Not checked yet, or the look-up failed. */
  | { readonly kind: 'unknown'; readonly reason: string }
  /** It has confirmed reverse DNS. */
  | { readonly kind: 'named'; readonly name: string }
  /** It has no confirmed reverse DNS. */
  | { readonly kind: 'unnamed' }
  /** Not a public address: translated by NAT, or a test. It cannot be checked. */
  | { readonly kind: 'private' }
  /** The machine has no route to the internet of this family. */
  | { readonly kind: 'no-route' }

export interface SourceStatus {
  readonly family: 4 | 6
  /** Null if the kernel chooses the address and has no route. */
  readonly address: string | null
  readonly state: SourceState
}

/** A source address; null if the kernel chooses it. */
export interface Source {
  readonly family: 4 | 6
  readonly address: string | null
}

export interface SourceCheckPorts {
  readonly clock: Clock
  /** The name of an address, confirmed in both directions (FCrDNS). */
  readonly nameOf: (
    address: string,
  ) => Promise<
    | { readonly kind: 'name'; readonly name: string }
    | { readonly kind: 'none' }
    | { readonly kind: 'unavailable'; readonly cause: string }
  >
  /** The address that the kernel would choose; null if it has no route. */
  readonly chosenAddress: (family: 4 | 6) => Promise<string | null>
  /** Called for each change of an address, also at its first check. */
  readonly changed: (status: SourceStatus) => void
}

export interface SourceCheck {
  /** Checks at once and then every few minutes. */
  start(): void
  stop(): void
  /** True if mail may be sent to this address from this source (null: the kernel chooses). */
  mayReach(address: string, source: string | null): boolean
  status(): readonly SourceStatus[]
}

/** Ms between two checks: a new PTR record is noticed soon after the old one leaves the caches. */
const RECHECK_MS = 300_000

export function createSourceCheck(sources: readonly Source[], ports: SourceCheckPorts): SourceCheck {
  return new SourceAddressCheck(sources, ports)
}

class SourceAddressCheck implements SourceCheck {
  readonly #ports: SourceCheckPorts
  /** By address, or by family if the kernel chooses. */
  readonly #known = new Map<string, SourceStatus>()
  readonly #stopping = new AbortController()

  constructor(sources: readonly Source[], ports: SourceCheckPorts) {
    this.#ports = ports
    const state: SourceState = { kind: 'unknown', reason: 'not checked yet' }
    for (const source of sources) this.#known.set(source.address ?? String(source.family), { ...source, state })
  }

  start(): void {
    void this.#checkRegularly()
  }

  stop(): void {
    this.#stopping.abort()
  }

  mayReach(address: string, source: string | null): boolean {
    if (!isIPv6(plainAddress(address)) || !isPublicAddress(address)) return true
    const kind = this.#known.get(source ?? '6')?.state.kind
    return kind === 'named' || kind === 'private'
  }

  status(): readonly SourceStatus[] {
    return [...this.#known.values()]
  }

  async #checkRegularly(): Promise<void> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      await Promise.all([...this.#known].map(([key, known]) => this.#check(key, known)))
      await this.#ports.clock.sleep(RECHECK_MS, signal).catch(() => undefined)
    }
  }

  async #check(key: string, known: SourceStatus): Promise<void> {
    const { family } = known
    const address = key === String(family) ? await this.#ports.chosenAddress(family) : known.address
    const state = await this.#stateOf(address, known)
    if (this.#stopping.signal.aborted) return
    this.#known.set(key, { family, address, state })
    if (describe(state) !== describe(known.state) || address !== known.address)
      this.#ports.changed({ family, address, state })
  }

  async #stateOf(address: string | null, known: SourceStatus): Promise<SourceState> {
    if (address === null) return { kind: 'no-route' }
    if (!isPublicAddress(address)) return { kind: 'private' }
    const found = await this.#ports.nameOf(address)
    if (found.kind === 'name') return { kind: 'named', name: found.name }
    if (found.kind === 'none') return { kind: 'unnamed' }
    // A failed look-up does not change the state of an address that was checked before.
    return known.address === address && known.state.kind !== 'unknown'
      ? known.state
      : { kind: 'unknown', reason: found.cause }
  }
}

function describe(state: SourceState): string {
  return JSON.stringify(state)
}
