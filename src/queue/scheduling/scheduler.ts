// Decides which destination may be attempted now, and with how many concurrent deliveries. A destination costs the same with one waiting
// recipient as with a million: one that cannot be attempted now waits in a timer heap and is not looked at before its time.
//
// The delivery engine calls `update` for each destination whose backlog changes, `assign` to reserve slots, claims that many messages from
// the queue, calls `started` with the number it got, and `finished` once per message.

import type { Pool } from '../../budget/pool.ts'
import type { Clock } from '../../lib/clock.ts'
import type { DestinationBacklog } from '../contract/queue.ts'
import {
  applyVerdict,
  type DeliveryVerdict,
  type DestinationLimits,
  type DestinationState,
  type DestinationView,
  type Lane,
  type WaitedFor,
  lanes,
  newDestination,
  viewOf,
} from './destination-state.ts'
import { type DestinationWait, destinationWait } from './destination-wait.ts'
import { KnownDestinations } from './known-destinations.ts'
import { Ring } from './ring.ts'
import { TimerHeap } from './timer-heap.ts'

export interface SchedulerSettings extends DestinationLimits {
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
  unreachableMs: 300_000,
}

export interface SchedulerPorts {
  /** Wall time for next-attempt times, monotonic time for pauses. */
  readonly clock: Pick<Clock, 'now' | 'monotonic'>
  /** What waits for a destination, from memory: it is read several times per delivery. */
  readonly backlog: (nextHop: string) => DestinationBacklog
  /** Concurrent deliveries over all destinations, with a part for each lane. */
  readonly slots: Pick<Pool, 'take' | 'fits' | 'used'>
}

/** Permission to claim up to `slots` messages for `nextHop`. */
export interface Assignment {
  readonly nextHop: string
  readonly slots: number
}

/** Ms without an end of any delivery after which a known destination counts as unknown: its slots hang. */
const HANGING_MS = 60_000

export class Scheduler {
  readonly #settings: SchedulerSettings
  readonly #ports: SchedulerPorts
  readonly #destinations = new Map<string, DestinationState>()
  /** Destinations that may start a delivery now, in turn, and the lanes in turn. */
  readonly #rings: Readonly<Record<Lane, Ring<DestinationState>>> = {
    fleet: new Ring(),
    known: new Ring(),
    internet: new Ring(),
  }
  #turn = 0
  /** Lanes that lacked a slot at the last look: each shortage counts once. */
  readonly #short = new Set<Lane>()
  readonly #known: KnownDestinations
  /** Next-attempt times, wall time. */
  readonly #attempts = new TimerHeap()
  /** Ends of pauses, monotonic time. */
  readonly #pauses = new TimerHeap()

  constructor(settings: SchedulerSettings, ports: SchedulerPorts) {
    this.#settings = settings
    this.#ports = ports
    this.#known = new KnownDestinations(ports.clock)
  }

  /** Deliveries running or reserved. */
  get active(): number {
    return this.#ports.slots.used
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
    for (let destination = this.#next(); destination; destination = this.#next()) {
      if (this.#mayStart(destination)) {
        // Its lane may have changed while it waited, and the new one may be full.
        const lane = this.#laneOf(destination)
        const mayUse = lane === destination.ready || this.#hasSlot(lane)
        if (mayUse && this.#grant(destination, lane)) granted.set(destination, (granted.get(destination) ?? 0) + 1)
        this.#line(destination)
      } else {
        destination.ready = null
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

  /** One delivery to the destination ended. @param heldMs how long it held its slot */
  finished(nextHop: string, verdict: DeliveryVerdict, heldMs = 0): void {
    const destination = this.#destination(nextHop)
    this.#free(destination, 1)
    if (verdict === 'worked') destination.progressAt = this.#ports.clock.monotonic()
    const isJudged = verdict !== 'unused' && verdict !== 'crowded'
    if (isJudged && destination.isDomain) this.#known.note(nextHop, { worked: verdict === 'worked', heldMs })
    if (destination.ready !== null && destination.ready !== this.#laneOf(destination)) this.#line(destination)
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

  /** Starts no delivery to the destination until what it waits for is free (`endWait`), for `ms` at most. */
  wait(nextHop: string, ms: number, reason: WaitedFor): void {
    const destination = this.#destination(nextHop)
    destination.waitsUntil = this.#ports.clock.monotonic() + ms
    destination.waitsFor = reason
    this.#reschedule(destination)
  }

  /** A connection is free: deliveries to the destination may start. */
  endWait(nextHop: string): void {
    const destination = this.#destinations.get(nextHop)
    if (!destination) return
    destination.waitsUntil = 0
    this.#reschedule(destination)
    this.#forgetIfIdle(destination)
  }

  /** The part of the delivery slots that a destination uses now. */
  lane(nextHop: string): Lane {
    const destination = this.#destinations.get(nextHop)
    return this.#laneOf(destination ?? newDestination(nextHop, this.#settings))
  }

  /** Ends the suspension and the pause of a destination and resets its concurrency: an operator wants it tried now. */
  resume(nextHop: string): void {
    const destination = this.#destinations.get(nextHop)
    if (!destination) return
    destination.suspendedUntil = 0
    destination.pausedUntil = 0
    destination.waitsUntil = 0
    destination.limit = destination.limits.initialConcurrency
    destination.crowdedAt = null
    this.#reschedule(destination)
  }

  /** Whether a destination gets no delivery now: it is unreachable, waits for a connection, or is paused for longer than `pauseMs`. */
  isBlocked(nextHop: string, pauseMs: number): boolean {
    const destination = this.#destinations.get(nextHop)
    if (!destination || pauseEnd(destination) === 0) return false
    const now = this.#ports.clock.monotonic()
    const { suspendedUntil, waitsUntil, pausedUntil } = destination
    return suspendedUntil > now || waitsUntil > now || pausedUntil - now > pauseMs
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

  /** Of each destination why it gets no delivery now although mail waits for it, or null. The caller may pause between two of them. */
  *waits(): Generator<DestinationWait | null> {
    const { clock, backlog } = this.#ports
    for (const destination of this.#destinations.values())
      yield destinationWait(destination, backlog(destination.nextHop), {
        now: clock.now(),
        monotonic: clock.monotonic(),
      })
  }

  #viewOf(destination: DestinationState): DestinationView {
    return viewOf(destination, this.#ports.backlog(destination.nextHop), this.#ports.clock.monotonic())
  }

  #mayStart(destination: DestinationState): boolean {
    const { waiting, earliestAttemptAt } = this.#ports.backlog(destination.nextHop)
    return (
      waiting > destination.reserved &&
      destination.slots.length < Math.floor(destination.limit) &&
      earliestAttemptAt <= this.#ports.clock.now() &&
      pauseEnd(destination) <= this.#ports.clock.monotonic()
    )
  }

  /** False if the lane has no free slot. */
  #grant(destination: DestinationState, lane: Lane): boolean {
    const { slots, clock } = this.#ports
    const slot = slots.take({ purpose: lane })
    if (slot.kind === 'short') return false
    if (destination.slots.length === 0) destination.progressAt = clock.monotonic()
    destination.slots.push(slot)
    destination.reserved++
    const { intervalMs } = destination.limits
    if (intervalMs > 0) destination.pausedUntil = clock.monotonic() + intervalMs
    return true
  }

  #free(destination: DestinationState, count: number): void {
    for (let i = 0; i < count; i++) destination.slots.pop()?.release()
  }

  #laneOf({ nextHop, isDomain, slots, progressAt }: DestinationState): Lane {
    if (!isDomain) return 'fleet'
    if (!this.#known.has(nextHop)) return 'internet'
    const hangs = slots.length > 0 && this.#ports.clock.monotonic() - progressAt > HANGING_MS
    return hangs ? 'internet' : 'known'
  }

  /** Sets the time at which a destination that is not in the ring is looked at again; none if only a report can change it. */
  #reschedule(destination: DestinationState): void {
    if (destination.ready !== null) return
    const { nextHop } = destination
    const { waiting, earliestAttemptAt } = this.#ports.backlog(nextHop)
    const end = pauseEnd(destination)
    const startable = waiting > destination.reserved
    const hasSlot = destination.slots.length < Math.floor(destination.limit)
    // A pause with nothing waiting is looked at to forget the destination.
    const paused = end > 0 && (!startable || (hasSlot && end > this.#ports.clock.monotonic()))
    if (paused) this.#pauses.set(nextHop, end)
    else this.#pauses.clear(nextHop)
    if (startable && hasSlot && !paused) this.#attempts.set(nextHop, earliestAttemptAt)
    else this.#attempts.clear(nextHop)
  }

  /** The next destination of the next lane that has a free slot. */
  #next(): DestinationState | undefined {
    for (let i = 0; i < lanes.length; i++) {
      const lane = lanes[this.#turn++ % lanes.length] as Lane
      const ring = this.#rings[lane]
      if (ring.size > 0 && this.#hasSlot(lane)) return ring.shift()
    }
    return undefined
  }

  #hasSlot(lane: Lane): boolean {
    const { slots } = this.#ports
    const fits = slots.fits({ purpose: lane })
    if (fits) this.#short.delete(lane)
    else if (!this.#short.has(lane)) {
      this.#short.add(lane)
      // Counted as a refusal.
      slots.take({ purpose: lane })
    }
    return fits
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
    if (destination.waitsUntil <= monotonic) destination.waitsUntil = 0
    if (this.#ports.backlog(nextHop).waiting === 0) this.#forgetIfIdle(destination)
    else if (destination.ready === null) this.#line(destination)
  }

  /** Puts a destination at the end of the ring of its lane. */
  #line(destination: DestinationState): void {
    if (destination.ready !== null) this.#rings[destination.ready].remove(destination)
    destination.ready = this.#laneOf(destination)
    this.#rings[destination.ready].push(destination)
  }

  /** Removes a destination with nothing left to remember. A rate limit or a pause must outlast the last message. */
  #forgetIfIdle(destination: DestinationState): void {
    if (destination.slots.length > 0 || destination.ready !== null || pauseEnd(destination) > 0) return
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

function pauseEnd({ suspendedUntil, pausedUntil, waitsUntil }: DestinationState): number {
  return Math.max(suspendedUntil, pausedUntil, waitsUntil)
}
