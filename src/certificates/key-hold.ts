// Decides when the certificates of an operator's files are used: one with a new key not before the DNS shows the TLSA record of the key. Until
// then the certificate in use stays, over reloads and restarts. docs/reference/tls-keys.md has the states as a table.

import type { Clock } from '../lib/clock.ts'
import { errorText, type Log } from '../lib/log.ts'
import { keyOfCertificate } from './key-to-find.ts'
import { fingerprintOf, type KeptPairs, type KeyWait, type SlotPair, type UnshownKey } from './kept-pairs.ts'
import { findKeyInDns, type KeyInDns, type TlsaWitnesses } from './published-tlsa.ts'
import { type DnsPlaces, ownersOf, sameKey, standInFor } from './stand-in.ts'

export interface KeyHoldPorts {
  readonly clock: Pick<Clock, 'now'>
  readonly log: Pick<Log, 'info' | 'warn' | 'error' | 'bug'>
  readonly witnesses: () => TlsaWitnesses
  /** Stores what is in use. Rejects if it cannot. */
  readonly keep: (kept: KeptPairs) => Promise<void>
}

export interface KeyHold {
  /** The certificates to use now, of those of the files. Never rejects. */
  choose(wanted: readonly SlotPair[]): Promise<readonly SlotPair[]>
  /** Looks at the DNS again for what waits. Null: the same certificates stay in use. Never rejects. */
  look(): Promise<readonly SlotPair[] | null>
  /** Uses what waits, whatever the DNS says. Null: nothing waits. Never rejects. */
  useNow(order: { readonly by: string; readonly reason: string }): Promise<readonly SlotPair[] | null>
  state(): KeptPairs
  /** Why the certificates in use cannot be stored; null if they are. */
  problem(): string | null
}

/** @param kept what was in use before */
export function createKeyHold(places: DnsPlaces, kept: KeptPairs, ports: KeyHoldPorts): KeyHold {
  const hold = new Hold(places, kept, ports)
  return {
    choose: (wanted) => hold.inOrder(() => hold.choose(wanted), wanted),
    look: () => hold.inOrder(() => hold.look(), null),
    useNow: (order) => hold.inOrder(() => hold.useNow(order), null),
    state: () => hold.kept,
    problem: () => hold.problem,
  }
}

/** `used`: the certificate itself or the one that stays in its place. */
interface Decision {
  readonly used: SlotPair
  /** At most one. */
  readonly wait: readonly KeyWait[]
  /** At most one. */
  readonly unshown: readonly UnshownKey[]
}

function use(used: SlotPair): Decision {
  return { used, wait: [], unshown: [] }
}

class Hold {
  kept: KeptPairs
  problem: string | null = null
  readonly #places: DnsPlaces
  readonly #ports: KeyHoldPorts
  #wanted: readonly SlotPair[] = []
  #last: Promise<unknown> = Promise.resolve()

  constructor(places: DnsPlaces, kept: KeptPairs, ports: KeyHoldPorts) {
    this.kept = kept
    this.#places = places
    this.#ports = ports
  }

  /** One after the other. After a fault of the program, what is in use stays; `first` is for a node that uses nothing yet. */
  inOrder<T>(work: () => Promise<T>, first: T): Promise<T> {
    const next = this.#last.then(() =>
      work().catch((error: unknown) => {
        this.#ports.log.bug(error, 'keys that wait for the DNS')
        return first !== null && this.kept.pairs.length > 0 ? (this.kept.pairs as T) : first
      }),
    )
    this.#last = next
    return next
  }

  async choose(wanted: readonly SlotPair[]): Promise<readonly SlotPair[]> {
    this.#wanted = wanted
    return this.#adopt(await Promise.all(wanted.map((pair) => this.#decide(pair))))
  }

  async look(): Promise<readonly SlotPair[] | null> {
    if (this.kept.waits.length + this.kept.unshown.length === 0) return null
    const before = this.kept.pairs.map(fingerprintOf)
    const decisions = await Promise.all(this.#wanted.map(async (pair) => this.#follow(pair, await this.#decide(pair))))
    const used = await this.#adopt(decisions)
    return used.map(fingerprintOf).join() === before.join() ? null : used
  }

  async useNow({ by, reason }: { readonly by: string; readonly reason: string }): Promise<readonly SlotPair[] | null> {
    const { waits, unshown } = this.kept
    if (waits.length === 0) return null
    const now = this.#ports.clock.now()
    const decisions = this.#wanted.map((pair): Decision => {
      const wait = waits.find(({ slot }) => slot === pair.slot)
      const known = unshown.filter(({ slot }) => slot === pair.slot)
      if (!wait) return { ...use(this.#inUse(pair)), unshown: known }
      const { slot, fingerprint, cause } = wait
      this.#ports.log.warn({ key: slot, by, reason, cause }, 'an operator uses the new key before the DNS shows it')
      return { ...use(pair), unshown: [{ slot, fingerprint, since: now, why: 'operator', cause }] }
    })
    return this.#adopt(decisions)
  }

  #inUse(pair: SlotPair): SlotPair {
    return standInFor(pair, this.kept.pairs, this.#places.hostname) ?? pair
  }

  async #decide(pair: SlotPair): Promise<Decision> {
    const used = standInFor(pair, this.kept.pairs, this.#places.hostname)
    const owners = this.#owners(pair)
    const fingerprint = fingerprintOf(pair)
    const now = this.#ports.clock.now()
    const unshown = (why: UnshownKey['why'], cause: string | null): UnshownKey[] => [
      { slot: pair.slot, fingerprint, since: now, why, cause },
    ]
    if (owners.length === 0) return use(pair)
    // Nothing could take its place, so the start does not wait for the DNS.
    if (used === null) return { ...use(pair), unshown: unshown('first', null) }
    if (fingerprintOf(used) === fingerprint)
      return { ...use(pair), unshown: this.kept.unshown.filter((one) => one.fingerprint === fingerprint) }
    if (used.expiresAt > now) return this.#ask(pair, used, owners)
    if (sameKey(pair, used)) return use(pair)
    const cause = causeOf(await this.#find(pair, owners))
    if (cause === null) return use(pair)
    const expired = new Date(used.expiresAt).toISOString()
    this.#ports.log.error(
      { key: pair.slot, cause, expired },
      'the certificate in use has expired: the node uses the new key, which the DNS does not show',
    )
    return { ...use(pair), unshown: unshown('expired', cause) }
  }

  #owners(pair: SlotPair): readonly string[] {
    return ownersOf(pair, { ...this.#places, all: this.#wanted })
  }

  /** Another certificate than the one in use. */
  async #ask(pair: SlotPair, used: SlotPair, owners: readonly string[]): Promise<Decision> {
    const now = this.#ports.clock.now()
    const found = await this.#find(pair, owners)
    if (found.kind === 'none') return use(pair)
    if (sameKey(pair, used)) {
      // Records of the key stay valid. Those of a whole certificate can still name the old one only.
      const isOldOnly = found.kind === 'missing' && (await this.#find(used, owners)).kind === 'shown'
      if (!isOldOnly) return use(pair)
    }
    const fingerprint = fingerprintOf(pair)
    const known = this.kept.waits.find((one) => one.slot === pair.slot && one.fingerprint === fingerprint)
    const ttl = Math.max(known?.ttl ?? 0, 'ttl' in found ? found.ttl : 0)
    // A resolver that does not answer has not said that the record is gone.
    const shownSince = found.kind === 'missing' ? null : (known?.shownSince ?? (found.kind === 'shown' ? now : null))
    const end = (shownSince ?? now) + ttl * 1000
    if (found.kind === 'shown' && now >= end) return use(pair)
    const cause =
      causeOf(found) ?? `the DNS shows its TLSA record, and older answers end at ${new Date(end).toISOString()}`
    const { slot } = pair
    const wait = { slot, fingerprint, since: known?.since ?? now, shownSince, ttl, cause, until: used.expiresAt }
    return { used, wait: [wait], unshown: [] }
  }

  #find(pair: SlotPair, owners: readonly string[]): Promise<KeyInDns> {
    return findKeyInDns(owners, keyOfCertificate(pair.certificate), this.#ports.witnesses())
  }

  /** Whether the DNS lacks a key that is in use all the same, as it is now. */
  async #follow(pair: SlotPair, decision: Decision): Promise<Decision> {
    const [known] = decision.unshown
    if (!known) return decision
    const found = await this.#find(pair, this.#owners(pair))
    // No answer says nothing new.
    const cause = found.kind === 'unavailable' ? known.cause : causeOf(found)
    const isSettled = found.kind === 'shown' || found.kind === 'none'
    return { ...decision, unshown: isSettled ? [] : [{ ...known, cause }] }
  }

  /** Remembers what is in use, and logs what has changed. */
  async #adopt(decisions: readonly Decision[]): Promise<readonly SlotPair[]> {
    const before = this.kept
    // A certificate that waits beside the one in its place adds nothing.
    const pairs = decisions
      .map(({ used }, index) => ({ ...used, slot: (this.#wanted[index] as SlotPair).slot }))
      .filter((pair, index, all) => all.findIndex((one) => fingerprintOf(one) === fingerprintOf(pair)) === index)
    const waits = decisions.flatMap(({ wait }) => wait)
    const unshown = decisions.flatMap((one) => one.unshown)
    this.kept = { pairs, waits, unshown }
    this.#report(before)
    if (JSON.stringify(before) === JSON.stringify(this.kept) && this.problem === null) return pairs
    try {
      await this.#ports.keep(this.kept)
      this.problem = null
    } catch (error) {
      const cause = errorText(error)
      if (this.problem === null)
        this.#ports.log.warn({ cause }, 'the certificate in use cannot be kept: a new key is used after a restart')
      this.problem = cause
    }
    return pairs
  }

  #report(before: KeptPairs): void {
    const { log } = this.#ports
    for (const { slot, fingerprint, cause, until } of this.kept.waits)
      if (!before.waits.some((one) => one.fingerprint === fingerprint))
        log.warn(
          { key: slot, cause, until: new Date(until).toISOString() },
          'the new key waits for the DNS; the certificate in use stays',
        )
    for (const { slot, fingerprint, shownSince, cause } of this.kept.waits)
      if (shownSince !== null && before.waits.some((one) => one.fingerprint === fingerprint && one.shownSince === null))
        log.info({ key: slot, cause }, 'every resolver shows the new key, which waits for the end of older answers')
    for (const { slot, fingerprint } of before.waits)
      if (this.kept.pairs.some((one) => fingerprintOf(one) === fingerprint))
        log.info({ key: slot }, 'the node uses the new key')
    for (const { slot, fingerprint, cause } of this.kept.unshown)
      if (cause !== null && !before.unshown.some((one) => one.fingerprint === fingerprint && one.cause !== null))
        log.warn({ key: slot, cause }, 'the key in use is not in the DNS: hosts that obey DANE defer their mail')
  }
}

/** What the DNS lacks, as a phrase; null if it lacks nothing. */
function causeOf(found: KeyInDns): string | null {
  if (found.kind === 'missing') return `${found.places.join(', ')} without its TLSA record`
  return found.kind === 'unavailable' ? `no answer from ${found.cause}` : null
}
