// Decides which destination may be attempted now, and with how many concurrent deliveries. A destination costs the same with one waiting
// recipient as with a million: one that cannot be attempted now waits in a timer heap and is not looked at before its time.
//
// The delivery engine calls `update` for each destination whose backlog changes, `assign` to reserve slots, claims that many messages from
// the queue, calls `started` with the number it got, and `finished` once per message.

import type { Clock } from '../../lib/clock.ts'
import type { DestinationBacklog } from '../contract/queue.ts'
import {
  applyVerdict,
  type DeliveryVerdict,
  type DestinationLimits,
  type DestinationState,
  type DestinationView,
  newDestination,
  viewOf,
} from './destination-state.ts'
import { TimerHeap } from './timer-heap.ts'

export interface SchedulerSettings extends DestinationLimits {
  /** Concurrent deliveries over all destinations. */
  readonly totalConcurrency: number
  /** Time without deliveries to an unreachable destination, ms. */
  readonly unreachableMs: number
  /** The same for one destination; null for `unreachableMs`. */
  readonly unreachableMsFor?: (nextHop: string) => number | null
  /** Exceptions for one destination. */
  readonly limitsFor?: (nextHop: string) => Partial<DestinationLimits> | null
}

/** Postfix's defaults (initial_destination_concurrency, default_destination_concurrency_limit, minimal_backoff_time). */
export const defaultSchedulerSettings: SchedulerSettings = {
  initialConcurrency: 5,
  maximalConcurrency: 20,
  intervalMs: 0,
  totalConcurrency: 200,
  unreachableMs: 300_000,
}

export interface SchedulerPorts {
  /** Wall time for next-attempt times, monotonic time for pauses. */
  readonly clock: Pick<Clock, 'now' | 'monotonic'>
  /** What waits for a destination, from memory: it is read several times per delivery. */
  readonly backlog: (nextHop: string) => DestinationBacklog
}

/** Permission to claim up to `slots` messages for `nextHop`. */
export interface Assignment {
  readonly nextHop: string
  readonly slots: number
}

/** Used-up places at the front of the ring before it is copied: amortises the copy. */
const RING_COMPACT = 1_024

export class Scheduler {
  readonly #settings: SchedulerSettings
  readonly #ports: SchedulerPorts
  readonly #destinations = new Map<string, DestinationState>()
  /** Destinations that may start a delivery now, in turn. */
  #ring: DestinationState[] = []
  #ringHead = 0
  /** Next-attempt times, wall time. */
  readonly #attempts = new TimerHeap()
  /** Ends of pauses, monotonic time. */
  readonly #pauses = new TimerHeap()
  #active = 0

  constructor(settings: SchedulerSettings, ports: SchedulerPorts) {
    this.#settings = settings
    this.#ports = ports
  }

  /** Deliveries running or reserved. */
  get active(): number {
    return this.#active
  }

  /** Entries in the timer heaps, out-of-date ones included. */
  get timers(): number {
    return this.#attempts.size + this.#pauses.size
  }

  /** The backlog of a destination changed. */
  update(nextHop: string): void {
    const destination = this.#destination(nextHop)
    this.#reschedule(destination)
    this.#forgetIfIdle(destination)
  }

  /** Reserves slots for the destinations that may start deliveries, in turn. Call `started` for every assignment. */
  assign(): Assignment[] {
    this.#wakeDue()
    const granted = new Map<DestinationState, number>()
    while (this.#active < this.#settings.totalConcurrency) {
      const destination = this.#shiftRing()
      if (!destination) break
      if (this.#mayStart(destination)) {
        this.#grant(destination)
        granted.set(destination, (granted.get(destination) ?? 0) + 1)
        this.#ring.push(destination)
      } else {
        destination.ready = false
        this.#reschedule(destination)
        this.#forgetIfIdle(destination)
      }
    }
    return [...granted].map(([destination, slots]) => ({ nextHop: destination.nextHop, slots }))
  }

  /** The claim for an assignment of `reserved` slots returned `used` messages; the other slots are free again. */
  started(nextHop: string, { reserved, used }: { readonly reserved: number; readonly used: number }): void {
    const destination = this.#destination(nextHop)
    destination.reserved -= reserved
    this.#free(destination, reserved - used)
    this.#reschedule(destination)
    this.#forgetIfIdle(destination)
  }

  /** One delivery to the destination ended. */
  finished(nextHop: string, verdict: DeliveryVerdict): void {
    const destination = this.#destination(nextHop)
    this.#free(destination, 1)
    const { unreachableMs, unreachableMsFor } = this.#settings
    const probeAt = this.#ports.clock.monotonic() + (unreachableMsFor?.(nextHop) ?? unreachableMs)
    applyVerdict(destination, verdict, probeAt)
    this.#reschedule(destination)
    this.#forgetIfIdle(destination)
  }

  /** Starts no delivery to the destination for `ms`. A longer pause stays. */
  pause(nextHop: string, ms: number): void {
    const destination = this.#destination(nextHop)
    destination.pausedUntil = Math.max(destination.pausedUntil, this.#ports.clock.monotonic() + ms)
    this.#reschedule(destination)
  }

  /** Ends the suspension and the pause of a destination and resets its concurrency: an operator wants it tried now. */
  resume(nextHop: string): void {
    const destination = this.#destinations.get(nextHop)
    if (!destination) return
    destination.suspendedUntil = 0
    destination.pausedUntil = 0
    destination.limit = destination.limits.initialConcurrency
    this.#reschedule(destination)
  }

  /** How many deliveries the rate limit of a destination allows to start within `ms`. */
  allowedWithin(nextHop: string, ms: number): number {
    const { intervalMs } = this.#destinations.get(nextHop)?.limits ?? this.#limits(nextHop)
    return intervalMs > 0 ? Math.floor(ms / intervalMs) : Number.POSITIVE_INFINITY
  }

  /** Milliseconds until `assign` may have something new without a further report; null for never. */
  wakeInMs(): number | null {
    const { clock } = this.#ports
    const [attempt, pause] = [this.#attempts.earliest(), this.#pauses.earliest()]
    if (attempt === null && pause === null) return null
    const untilAttempt = attempt === null ? Number.POSITIVE_INFINITY : attempt - clock.now()
    const untilPause = pause === null ? Number.POSITIVE_INFINITY : pause - clock.monotonic()
    return Math.max(0, Math.min(untilAttempt, untilPause))
  }

  /** One destination, or null if nothing is remembered of it. */
  view(nextHop: string): DestinationView | null {
    const destination = this.#destinations.get(nextHop)
    return destination ? this.#viewOf(destination) : null
  }

  #viewOf(destination: DestinationState): DestinationView {
    return viewOf(destination, this.#ports.backlog(destination.nextHop), this.#ports.clock.monotonic())
  }

  #mayStart(destination: DestinationState): boolean {
    const { waiting, earliestAttemptAt } = this.#ports.backlog(destination.nextHop)
    return (
      waiting > destination.reserved &&
      destination.active < Math.floor(destination.limit) &&
      earliestAttemptAt <= this.#ports.clock.now() &&
      pauseEnd(destination) <= this.#ports.clock.monotonic()
    )
  }

  #grant(destination: DestinationState): void {
    destination.active++
    destination.reserved++
    this.#active++
    const { intervalMs } = destination.limits
    if (intervalMs > 0) destination.pausedUntil = this.#ports.clock.monotonic() + intervalMs
  }

  #free(destination: DestinationState, count: number): void {
    destination.active -= count
    this.#active -= count
  }

  /** Sets the time at which a destination that is not in the ring is looked at again; none if only a report can change it. */
  #reschedule(destination: DestinationState): void {
    if (destination.ready) return
    const { nextHop } = destination
    const { waiting, earliestAttemptAt } = this.#ports.backlog(nextHop)
    const end = pauseEnd(destination)
    const startable = waiting > destination.reserved
    const hasSlot = destination.active < Math.floor(destination.limit)
    // A pause with nothing waiting is looked at to forget the destination.
    const paused = end > 0 && (!startable || (hasSlot && end > this.#ports.clock.monotonic()))
    if (paused) this.#pauses.set(nextHop, end)
    else this.#pauses.clear(nextHop)
    if (startable && hasSlot && !paused) this.#attempts.set(nextHop, earliestAttemptAt)
    else this.#attempts.clear(nextHop)
  }

  /** Takes the next destination from the ring without moving the others. */
  #shiftRing(): DestinationState | undefined {
    const destination = this.#ring[this.#ringHead]
    if (!destination) return undefined
    this.#ringHead++
    if (this.#ringHead > RING_COMPACT && this.#ringHead * 2 > this.#ring.length) {
      this.#ring = this.#ring.slice(this.#ringHead)
      this.#ringHead = 0
    }
    return destination
  }

  #wakeDue(): void {
    const { clock } = this.#ports
    const monotonic = clock.monotonic()
    for (let hop = this.#pauses.takeDue(monotonic); hop !== null; hop = this.#pauses.takeDue(monotonic)) this.#wake(hop)
    const now = clock.now()
    for (let hop = this.#attempts.takeDue(now); hop !== null; hop = this.#attempts.takeDue(now)) this.#wake(hop)
  }

  #wake(nextHop: string): void {
    const destination = this.#destinations.get(nextHop)
    if (!destination) return
    const monotonic = this.#ports.clock.monotonic()
    if (destination.suspendedUntil <= monotonic) destination.suspendedUntil = 0
    if (destination.pausedUntil <= monotonic) destination.pausedUntil = 0
    if (this.#ports.backlog(nextHop).waiting === 0) this.#forgetIfIdle(destination)
    else if (!destination.ready) {
      destination.ready = true
      this.#ring.push(destination)
    }
  }

  /** Removes a destination with nothing left to remember. A rate limit or a pause must outlast the last message. */
  #forgetIfIdle(destination: DestinationState): void {
    if (destination.active > 0 || destination.ready || pauseEnd(destination) > 0) return
    const { nextHop } = destination
    if (this.#ports.backlog(nextHop).waiting > 0) return
    this.#destinations.delete(nextHop)
    this.#attempts.clear(nextHop)
    this.#pauses.clear(nextHop)
  }

  #limits(nextHop: string): DestinationLimits {
    return { ...this.#settings, ...this.#settings.limitsFor?.(nextHop) }
  }

  #destination(nextHop: string): DestinationState {
    const known = this.#destinations.get(nextHop)
    if (known) return known
    const fresh = newDestination(nextHop, this.#limits(nextHop))
    this.#destinations.set(nextHop, fresh)
    return fresh
  }
}

function pauseEnd({ suspendedUntil, pausedUntil }: DestinationState): number {
  return Math.max(suspendedUntil, pausedUntil)
}
