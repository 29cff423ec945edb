// Claims that are not attempted yet, by destination. Each saves a round trip to the queue.

import type { Claim } from '../queue/contract/queue.ts'
import { contentSize } from '../queue/contract/stored-body.ts'

interface Entry {
  readonly claims: Claim[]
  /** Messages claimed at their acceptance since the last claim from the queue, while due mail waited there. */
  overtaking: number
}

export class ClaimBuffer {
  readonly #entries = new Map<string, Entry>()
  #total = 0
  #octets = 0

  get total(): number {
    return this.#total
  }

  /** Memory of the messages, octets. */
  get octets(): number {
    return this.#octets
  }

  count(nextHop: string): number {
    return this.#entries.get(nextHop)?.claims.length ?? 0
  }

  /** How many messages overtook due mail in the queue since the last claim from there. */
  overtaking(nextHop: string): number {
    return this.#entries.get(nextHop)?.overtaking ?? 0
  }

  /** Adds claims that the queue returned. */
  add(nextHop: string, claims: readonly Claim[]): void {
    if (claims.length === 0) return
    this.#entry(nextHop).claims.push(...claims)
    this.#total += claims.length
    for (const claim of claims) this.#octets += contentSize(claim.message)
  }

  /** Puts a claim that was removed and not attempted before the others. */
  putBack(claim: Claim): void {
    this.#entry(claim.nextHop).claims.unshift(claim)
    this.#total++
    this.#octets += contentSize(claim.message)
  }

  /** Adds a claim made at the acceptance of its message. `overtakes`: due mail for the same destination waits in the queue. */
  addAccepted(claim: Claim, { overtakes }: { readonly overtakes: boolean }): void {
    this.add(claim.nextHop, [claim])
    const entry = this.#entry(claim.nextHop)
    entry.overtaking = overtakes ? entry.overtaking + 1 : 0
  }

  /** The queue is asked for claims: mail that waits there takes its turn. */
  resetOvertaking(nextHop: string): void {
    const entry = this.#entries.get(nextHop)
    if (!entry) return
    entry.overtaking = 0
    this.#dropIfEmpty(nextHop, entry)
  }

  /** Removes and returns up to `count` claims, oldest first. */
  remove(nextHop: string, count: number): Claim[] {
    const entry = this.#entries.get(nextHop)
    if (!entry || count <= 0) return []
    const removed = entry.claims.splice(0, count)
    this.#total -= removed.length
    for (const claim of removed) this.#octets -= contentSize(claim.message)
    this.#dropIfEmpty(nextHop, entry)
    return removed
  }

  removeAll(): Claim[] {
    return [...this.#entries.keys()].flatMap((nextHop) => this.remove(nextHop, Number.MAX_SAFE_INTEGER))
  }

  #dropIfEmpty(nextHop: string, entry: Entry): void {
    if (entry.claims.length === 0 && entry.overtaking === 0) this.#entries.delete(nextHop)
  }

  #entry(nextHop: string): Entry {
    const known = this.#entries.get(nextHop)
    if (known) return known
    const fresh: Entry = { claims: [], overtaking: 0 }
    this.#entries.set(nextHop, fresh)
    return fresh
  }
}
