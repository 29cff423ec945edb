// What waits in the queue by destination, as far as the dispatcher knows, and the claims it holds in hand. Refreshed from the queue's
// own summary; a summary that was under way while we claimed is out of date for that destination and is not believed.

import type { Claim, DestinationSummary } from '../queue/contract/queue.ts'

/** Due at once, however the clock stands. Not 0, which the scheduler takes for no time at all. */
const LONG_AGO = 1

interface Entry {
  waiting: number
  earliest: number
  /** The moment of its last claim, so that a summary from before is recognised. */
  claimedAt: number
  /** The moment of the last news of it: those are never older than a summary that comes after them. */
  heardAt: number
  /** Claims asked for and not answered. */
  claims: number
  /** Claims that came with their acceptance since the queue was last asked for some. */
  accepted: number
  inHand: Claim[]
}

export interface BacklogView {
  readonly waiting: number
  readonly earliestAttemptAt: number
}

/** A moment between claims and between news. */
export interface Moment {
  readonly claims: number
  readonly news: number
}

export class Backlog {
  readonly #entries = new Map<string, Entry>()
  #claims = 0
  #news = 0
  #held = 0
  #octets = 0

  /** What the scheduler should be told: waiting in the queue and in hand; what is in hand is due at once. */
  view(nextHop: string): BacklogView {
    const entry = this.#entries.get(nextHop)
    if (!entry) return { waiting: 0, earliestAttemptAt: 0 }
    const inHand = entry.inHand.length
    return { waiting: entry.waiting + inHand, earliestAttemptAt: inHand > 0 ? LONG_AGO : entry.earliest }
  }

  /** Recipients believed to wait in the queue itself. */
  inQueue(nextHop: string): number {
    return this.#entries.get(nextHop)?.waiting ?? 0
  }

  inHand(nextHop: string): number {
    return this.#entries.get(nextHop)?.inHand.length ?? 0
  }

  get totalInHand(): number {
    return this.#held
  }

  /** Memory that the messages in hand take, octets. */
  get octetsInHand(): number {
    return this.#octets
  }

  /** Puts claims into the hand. */
  hold(nextHop: string, claims: readonly Claim[]): void {
    if (claims.length === 0) return
    this.#entry(nextHop).inHand.push(...claims)
    this.#held += claims.length
    for (const claim of claims) this.#octets += octetsOf(claim)
  }

  /** Puts a claim that came with its acceptance into the hand: it has overtaken whatever waits in the queue. */
  accept(nextHop: string, claim: Claim): void {
    this.hold(nextHop, [claim])
    this.#entry(nextHop).accepted++
  }

  /** How many have overtaken mail that is due in the queue since the queue was last asked. */
  overtaken(nextHop: string, now: number): number {
    const entry = this.#entries.get(nextHop)
    return entry && entry.waiting > 0 && entry.earliest <= now ? entry.accepted : 0
  }

  /** Takes up to `count` claims out of the hand, oldest first. */
  draw(nextHop: string, count: number): Claim[] {
    const entry = this.#entries.get(nextHop)
    if (!entry || count <= 0) return []
    const drawn = entry.inHand.splice(0, count)
    this.#held -= drawn.length
    for (const claim of drawn) this.#octets -= octetsOf(claim)
    return drawn
  }

  drawAll(): Claim[] {
    return [...this.#entries.keys()].flatMap((nextHop) => this.draw(nextHop, Number.MAX_SAFE_INTEGER))
  }

  /** A claim was asked for: summaries that are under way no longer hold. */
  claiming(nextHop: string): void {
    const entry = this.#entry(nextHop)
    entry.claimedAt = ++this.#claims
    entry.claims++
    entry.accepted = 0
  }

  /** A claim that was asked for failed. */
  unclaimed(nextHop: string): void {
    const entry = this.#entry(nextHop)
    entry.claims = Math.max(0, entry.claims - 1)
  }

  /** The claim came back with that many recipients; `exhausted`: fewer messages than asked for, so nothing more is due. */
  claimed(nextHop: string, recipients: number, exhausted: boolean): void {
    const entry = this.#entry(nextHop)
    entry.claimedAt = ++this.#claims
    entry.claims = Math.max(0, entry.claims - 1)
    entry.waiting = exhausted ? 0 : Math.max(0, entry.waiting - recipients)
  }

  /** To be asked for before a summary is. */
  now(): Moment {
    return { claims: this.#claims, news: this.#news }
  }

  /** Was something claimed after that moment? */
  claimedSince(moment: Moment): boolean {
    return this.#claims !== moment.claims
  }

  /** Takes over a summary that was asked for at `since`. Answers the destinations that look different now. */
  update(summaries: readonly DestinationSummary[], since: Moment): string[] {
    const changed: string[] = []
    const named = new Set<string>()
    for (const { nextHop, waiting, earliestAttemptAt } of summaries) {
      named.add(nextHop)
      if (!this.#isCurrent(nextHop, since)) continue
      const entry = this.#entry(nextHop)
      if (entry.waiting === waiting && entry.earliest === earliestAttemptAt) continue
      entry.waiting = waiting
      entry.earliest = earliestAttemptAt
      changed.push(nextHop)
    }
    return [...changed, ...this.#clearOthers(named, since)]
  }

  /**
   * Takes over news of single destinations, which the queue tells in the order of its commits. While a claim of a destination is under way
   * nobody knows whether the news are from before or after it: those are not believed, and a summary is wanted.
   */
  hear(news: readonly DestinationSummary[]): { readonly changed: string[]; readonly unsure: boolean } {
    const changed: string[] = []
    let unsure = false
    for (const { nextHop, waiting, earliestAttemptAt } of news) {
      const entry = this.#entry(nextHop)
      if (entry.claims > 0) unsure = true
      else if (entry.waiting !== waiting || entry.earliest !== earliestAttemptAt) {
        entry.waiting = waiting
        entry.earliest = earliestAttemptAt
        changed.push(nextHop)
      }
      entry.heardAt = ++this.#news
    }
    return { changed, unsure }
  }

  /** Destinations of which the summary says nothing have nothing waiting; what is empty leaves the memory. */
  #clearOthers(named: ReadonlySet<string>, since: Moment): string[] {
    const cleared: string[] = []
    for (const [nextHop, entry] of this.#entries) {
      if (named.has(nextHop) || !this.#isCurrent(nextHop, since)) continue
      if (entry.waiting > 0) cleared.push(nextHop)
      entry.waiting = 0
      if (entry.inHand.length === 0 && entry.claims === 0) this.#entries.delete(nextHop)
    }
    return cleared
  }

  #isCurrent(nextHop: string, since: Moment): boolean {
    const entry = this.#entries.get(nextHop)
    return entry === undefined || (entry.claimedAt <= since.claims && entry.heardAt <= since.news)
  }

  #entry(nextHop: string): Entry {
    const known = this.#entries.get(nextHop)
    if (known) return known
    const fresh: Entry = { waiting: 0, earliest: 0, claimedAt: 0, heardAt: 0, claims: 0, accepted: 0, inHand: [] }
    this.#entries.set(nextHop, fresh)
    return fresh
  }
}

/** What of the message is in memory; a body in a file is not. */
function octetsOf({ message: { header, body } }: Claim): number {
  return header.length + (body.kind === 'inline' ? body.bytes.length : 0)
}
