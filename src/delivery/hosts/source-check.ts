// May we show our own addresses to the internet? Large providers refuse mail from an IPv6 address without a name that leads back to it, for
// good. Such an address is not used until its name appears; an IPv4 address is used in any case, for nothing else may be left, but said.

import { isIPv6 } from 'node:net'
import type { Clock } from '../../lib/clock.ts'
import { isPublicAddress, plainAddress } from '../../lib/ip-address.ts'

export type SourceState =
  /** Not looked at yet. */
  | { readonly kind: 'unknown'; readonly reason: string }
  /** It has a name that leads back. */
  | { readonly kind: 'named'; readonly name: string }
  /** It has none. */
  | { readonly kind: 'unnamed' }
  /** Not an address of the internet (translated on the way, a test): nothing can be said of it. */
  | { readonly kind: 'private' }
  /** This machine has no way to the internet of this family. */
  | { readonly kind: 'no-way' }

export interface SourceStatus {
  readonly family: 4 | 6
  /** Null where the system chooses and has nothing to choose from. */
  readonly address: string | null
  readonly state: SourceState
}

/** An address that is used; null where the system chooses. */
export interface Source {
  readonly family: 4 | 6
  readonly address: string | null
}

export interface SourceCheckPorts {
  readonly clock: Clock
  /** The name of an address, confirmed in both directions. */
  readonly nameOf: (
    address: string,
  ) => Promise<
    | { readonly kind: 'name'; readonly name: string }
    | { readonly kind: 'none' }
    | { readonly kind: 'unavailable'; readonly cause: string }
  >
  /** Which address the system would come from; null if it has no route. */
  readonly chosenAddress: (family: 4 | 6) => Promise<string | null>
  /** Something changed for one address, also at the first look. */
  readonly changed: (status: SourceStatus) => void
}

export interface SourceCheck {
  /** Looks at once and then every few minutes. */
  start(): void
  stop(): void
  /** May mail go to this address, coming from this source (null: what the system chooses)? */
  mayReach(address: string, source: string | null): boolean
  status(): readonly SourceStatus[]
}

/** Ms between two looks: a new PTR record is noticed soon after the old answer has left the caches. */
const RECHECK = 300_000

export function createSourceCheck(sources: readonly Source[], ports: SourceCheckPorts): SourceCheck {
  return new Check(sources, ports)
}

class Check implements SourceCheck {
  readonly #ports: SourceCheckPorts
  /** By address, or by family where the system chooses. */
  readonly #known = new Map<string, SourceStatus>()
  readonly #stopping = new AbortController()

  constructor(sources: readonly Source[], ports: SourceCheckPorts) {
    this.#ports = ports
    const state: SourceState = { kind: 'unknown', reason: 'not looked up yet' }
    for (const source of sources) this.#known.set(source.address ?? String(source.family), { ...source, state })
  }

  start(): void {
    void this.#lookNowAndThen()
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

  async #lookNowAndThen(): Promise<void> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      await Promise.all([...this.#known].map(([key, known]) => this.#look(key, known)))
      await this.#ports.clock.sleep(RECHECK, signal).catch(() => undefined)
    }
  }

  async #look(key: string, known: SourceStatus): Promise<void> {
    const { family } = known
    const address = key === String(family) ? await this.#ports.chosenAddress(family) : known.address
    const state = await this.#stateOf(address, known)
    if (this.#stopping.signal.aborted) return
    this.#known.set(key, { family, address, state })
    if (describe(state) !== describe(known.state) || address !== known.address)
      this.#ports.changed({ family, address, state })
  }

  async #stateOf(address: string | null, known: SourceStatus): Promise<SourceState> {
    if (address === null) return { kind: 'no-way' }
    if (!isPublicAddress(address)) return { kind: 'private' }
    const found = await this.#ports.nameOf(address)
    if (found.kind === 'name') return { kind: 'named', name: found.name }
    if (found.kind === 'none') return { kind: 'unnamed' }
    // A DNS that does not answer takes nothing away from an address that was good.
    return known.address === address && known.state.kind !== 'unknown'
      ? known.state
      : { kind: 'unknown', reason: found.cause }
  }
}

function describe(state: SourceState): string {
  return JSON.stringify(state)
}
