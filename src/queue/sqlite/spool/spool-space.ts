// How many octets bodies in flight may write. What is in flight counts against the reserve of the disk before it is written, so that many
// unfinished messages leave the space that delivery needs to record its results. If others fill the disk, bodies in flight are aborted first.

import type { Holder, Lease, Pool } from '../../../budget/pool.ts'
import type { Clock, Timer } from '../../../lib/clock.ts'
import { QueueUnavailable } from '../../contract/queue-unavailable.ts'

/** How long a measured free space is used, ms: what other programs write in this time must be small beside the reserve. */
const FRESH_MS = 250
/** Part of the reserve below which bodies in flight are aborted: the rest is enough for the queue itself. */
const ABORT_BELOW = 0.5

export interface SpoolSpacePorts {
  readonly clock: Pick<Clock, 'monotonic' | 'every'>
  /** The budget `spoolOctets`. */
  readonly pool: Pool
  /** Free octets of the file system. */
  readonly freeBytes: () => Promise<number>
  /** Octets that stay free. */
  readonly reserveBytes: number
}

/** The octets of one body in flight. */
export interface BodyOctets {
  /** Takes octets before they are written. Throws QueueUnavailable (`full`) if there is no space for them. */
  take(octets: number): void
  /** These octets are in the file now. */
  wrote(octets: number): void
  /** The body is complete or removed. */
  release(): void
}

interface Body {
  readonly holder: Holder
  readonly abort: (error: QueueUnavailable) => void
  lease: Lease | null
  written: number
}

export class SpoolSpace {
  readonly #ports: SpoolSpacePorts
  readonly #bodies = new Set<Body>()
  #written = 0
  #measuredAt = Number.NEGATIVE_INFINITY
  #watch: Timer | null = null
  #measuring: Promise<void> | null = null

  constructor(ports: SpoolSpacePorts) {
    this.#ports = ports
  }

  /**
   * Registers a body in flight. Resolves when the free space is known; rejects with the error of the file system.
   * @param abort empties the file and fails further writes with the error
   */
  async open(holder: Holder, abort: Body['abort']): Promise<BodyOctets> {
    if (this.#ports.clock.monotonic() - this.#measuredAt > FRESH_MS) await this.#measureOnce()
    const body: Body = { holder, abort, lease: null, written: 0 }
    this.#bodies.add(body)
    this.#watch ??= this.#ports.clock.every(FRESH_MS, () => void this.#measureOnce().catch(() => {}))
    return {
      take: (octets) => this.#take(body, octets),
      wrote: (octets) => {
        // A write can end after its body was aborted or removed: its octets leave the disk with the file.
        if (!this.#bodies.has(body)) return
        body.written += octets
        this.#written += octets
      },
      release: () => this.#release(body),
    }
  }

  #take(body: Body, octets: number): void {
    const { pool } = this.#ports
    if (!this.#bodies.has(body)) throw new QueueUnavailable('full', 'the body was aborted or removed')
    const taken = body.lease ? body.lease.extend(octets) : null
    if (taken !== null) throw noSpace(taken)
    if (body.lease) return
    const first = pool.take(body.holder, octets)
    if (first.kind === 'short') throw noSpace(first.shortage)
    body.lease = first
  }

  #release(body: Body): void {
    if (!this.#bodies.delete(body)) return
    body.lease?.release()
    this.#written -= body.written
    if (this.#bodies.size > 0) return
    this.#watch?.cancel()
    this.#watch = null
  }

  /** Bodies that open at the same time share one system call. */
  #measureOnce(): Promise<void> {
    this.#measuring ??= this.#measure().finally(() => {
      this.#measuring = null
    })
    return this.#measuring
  }

  async #measure(): Promise<void> {
    const { clock, pool, freeBytes, reserveBytes } = this.#ports
    const free = await freeBytes()
    // Only a known space may be used up: after an error the next body asks again.
    this.#measuredAt = clock.monotonic()
    // The free space lacks what was written already, and that is counted in the pool.
    pool.resize(free + this.#written - reserveBytes)
    if (free < reserveBytes * ABORT_BELOW) this.#abort(reserveBytes - free)
  }

  /** Aborts the largest bodies until `octets` are free again. Bodies of the fleet and of people stay longest. */
  #abort(octets: number): void {
    const rank = ({ holder }: Body) => (holder.purpose === 'internet' || holder.purpose === 'optional' ? 0 : 1)
    const order = [...this.#bodies].toSorted((a, b) => rank(a) - rank(b) || b.written - a.written)
    let freed = 0
    for (const body of order) {
      if (freed >= octets) return
      freed += body.written
      this.#release(body)
      body.abort(new QueueUnavailable('full', 'aborted: the disk is nearly full'))
    }
  }
}

function noSpace(limit: string): QueueUnavailable {
  return new QueueUnavailable('full', `no space for a body in flight: the limit of the ${limit} is reached`)
}
