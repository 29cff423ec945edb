// Room queue: which destination may be attempted now, and with how many deliveries at once. Pure memory, fed by the delivery
// engine: it reads no clock, no SQL, no socket. A destination costs the same with one waiting recipient as with a million:
// what cannot be attempted now sits in a timer heap and is not looked at until its time has come.
//
// How the engine uses it: `waiting` for everything the queue says (Queue.destinations at start, then each change); `next(now)`
// reserves slots; claim that many messages from the queue; `started` with what was got; `finished` once per message at its end.

import { TimerHeap } from './timer-heap.ts'

export interface DestinationLimits {
  /** Deliveries at once when nothing is known yet. */
  readonly initialConcurrency: number
  /** The most deliveries at once. */
  readonly maximalConcurrency: number
  /** Least time between two deliveries begun for it, ms; 0 for none. */
  readonly intervalMs: number
}

export interface SchedulerSettings extends DestinationLimits {
  /** Deliveries at once over all destinations. */
  readonly totalConcurrency: number
  /** How long an unreachable destination is left alone, ms. */
  readonly unreachableMs: number
  /** Exceptions for one destination. */
  readonly limitsFor?: (nextHop: string) => Partial<DestinationLimits> | null
}

/** Postfix's numbers (initial_destination_concurrency, default_destination_concurrency_limit, minimal_backoff_time). */
export const defaultSchedulerSettings: SchedulerSettings = {
  initialConcurrency: 5,
  maximalConcurrency: 20,
  intervalMs: 0,
  totalConcurrency: 200,
  unreachableMs: 300_000,
}

/** How one delivery (one claim) ended, as far as the destination is concerned. */
export type DeliveryVerdict =
  /** The destination worked, whatever it said of this mail: more at once next time. */
  | 'worked'
  /** The connection broke, stalled or was refused for load: fewer at once. */
  | 'trouble'
  /** Nobody there (connect, DNS or greeting failed for all hosts): leave it alone for a while. */
  | 'unreachable'
  /** Never begun (given back to the queue): says nothing. */
  | 'unused'

/** Leave to claim up to `slots` messages for `nextHop`. */
export interface Assignment {
  readonly nextHop: string
  readonly slots: number
}

/** How the scheduler sees one destination, for status pages and tests. */
export interface DestinationView {
  readonly nextHop: string
  readonly waiting: number
  readonly earliestAttemptAt: number
  readonly active: number
  /** Deliveries at once allowed now. */
  readonly limit: number
  /** Unreachable until, unix ms; 0 if not. */
  readonly suspendedUntil: number
  /** Left alone until, because of its rate or because it asked for it, unix ms. */
  readonly pausedUntil: number
}

interface Destination {
  readonly nextHop: string
  readonly limits: DestinationLimits
  waiting: number
  earliest: number
  active: number
  /** Of the active ones, those whose claim has not come back. */
  reserved: number
  limit: number
  suspendedUntil: number
  /** Not before this time: rate, or the queue had nothing due although it should. */
  pausedUntil: number
  ready: boolean
  /** The time of its valid entry in the heap; 0 for none. */
  timer: number
}

/** A destination that gave less than reserved is not asked again before this, ms: a wrong count must not spin. */
const EMPTY_CLAIM_PAUSE_MS = 1_000
/** The ring is cut when this many of its front places are used up: amortises the copy. */
const READY_COMPACT = 1_024

/** The scheduler. All times are unix milliseconds passed in by the caller. */
export class Scheduler {
  readonly #settings: SchedulerSettings
  readonly #destinations = new Map<string, Destination>()
  /** Destinations that may start something now, in turn. */
  #ready: Destination[] = []
  #head = 0
  #timers = new TimerHeap()
  #active = 0
  /** The time of the last `next`. */
  #lastNow = Number.NEGATIVE_INFINITY

  constructor(settings: SchedulerSettings = defaultSchedulerSettings) {
    this.#settings = settings
  }

  /** Deliveries running or reserved. */
  get active(): number {
    return this.#active
  }

  /** Entries in the timer heap, valid or stale: bounded by reports that changed something. */
  get timers(): number {
    return this.#timers.size
  }

  /** What waits for a destination now: replaces what was known. `count` 0 means nothing. */
  waiting(nextHop: string, count: number, earliestAttemptAt: number): void {
    const destination = this.#destination(nextHop)
    destination.waiting = count
    destination.earliest = earliestAttemptAt
    if (!destination.ready) this.#file(destination)
    this.#forget(destination)
  }

  /** Destinations to claim for, in turn, each with its slots, which are reserved: call `started` for every assignment. */
  next(now: number): Assignment[] {
    if (now < this.#lastNow) this.#stepBack(this.#lastNow - now)
    this.#lastNow = now
    this.#wakeDue(now)
    const granted = new Map<Destination, number>()
    while (this.#active < this.#settings.totalConcurrency) {
      const destination = this.#shiftReady()
      if (!destination) break
      if (this.#mayStart(destination, now)) {
        this.#grant(destination, now)
        granted.set(destination, (granted.get(destination) ?? 0) + 1)
        this.#ready.push(destination)
      } else {
        destination.ready = false
        this.#file(destination)
        this.#forget(destination)
      }
    }
    return [...granted].map(([destination, slots]) => ({ nextHop: destination.nextHop, slots }))
  }

  /** The claim for an assignment came back with `got` messages (0..reserved). */
  started(nextHop: string, reserved: number, got: number, now: number): void {
    const destination = this.#destination(nextHop)
    destination.reserved -= reserved
    this.#release(destination, reserved - got)
    if (got < reserved) destination.pausedUntil = Math.max(destination.pausedUntil, now + EMPTY_CLAIM_PAUSE_MS)
    this.#refile(destination)
  }

  /** Free slots for claims that come without `next` (claimed at accept): 0 while it is suspended, paced or at its limit. */
  room(nextHop: string, now: number): number {
    const total = this.#settings.totalConcurrency - this.#active
    const destination = this.#destinations.get(nextHop)
    if (!destination) return Math.min(total, this.#limits(nextHop).initialConcurrency)
    if (destination.suspendedUntil > now || destination.pausedUntil > now || destination.limits.intervalMs > 0) return 0
    return Math.max(0, Math.min(total, Math.floor(destination.limit) - destination.active))
  }

  /** Counts claims that came without `next`. */
  take(nextHop: string, count: number): void {
    this.#destination(nextHop).active += count
    this.#active += count
  }

  /** One delivery of the destination ended. */
  finished(nextHop: string, verdict: DeliveryVerdict, now: number): void {
    const destination = this.#destination(nextHop)
    this.#release(destination, 1)
    this.#learn(destination, verdict, now)
    this.#refile(destination)
    this.#forget(destination)
  }

  /** The destination wants to be left alone until then, unix ms. */
  pause(nextHop: string, until: number): void {
    const destination = this.#destination(nextHop)
    destination.pausedUntil = Math.max(destination.pausedUntil, until)
    this.#refile(destination)
  }

  /** How many deliveries of a destination its rate lets begin within `ms`. */
  inTime(nextHop: string, ms: number): number {
    const { intervalMs } = this.#destinations.get(nextHop)?.limits ?? this.#limits(nextHop)
    return intervalMs > 0 ? Math.floor(ms / intervalMs) : Number.POSITIVE_INFINITY
  }

  /** When `next` may have something new although nothing is reported meanwhile, unix ms; null for never. */
  wakeAt(): number | null {
    for (;;) {
      const key = this.#timers.peekKey()
      if (key === null) return null
      const at = this.#timers.peek() as number
      if (this.#destinations.get(key)?.timer === at) return at
      this.#timers.pop()
    }
  }

  /** A person says the destination is back: try it now. */
  resume(nextHop: string): void {
    const destination = this.#destinations.get(nextHop)
    if (!destination) return
    destination.suspendedUntil = 0
    destination.pausedUntil = 0
    destination.limit = destination.limits.initialConcurrency
    this.#refile(destination)
  }

  view(nextHop: string): DestinationView | null {
    const destination = this.#destinations.get(nextHop)
    return destination ? viewOf(destination) : null
  }

  views(): DestinationView[] {
    return [...this.#destinations.values()].map(viewOf)
  }

  /** The clock was set back: who was to be left alone for five minutes is not left alone for an hour and five minutes. */
  #stepBack(ms: number): void {
    this.#timers = new TimerHeap()
    for (const destination of this.#destinations.values()) {
      destination.suspendedUntil = Math.max(0, destination.suspendedUntil - ms)
      destination.pausedUntil = Math.max(0, destination.pausedUntil - ms)
      destination.timer = 0
      this.#refile(destination)
    }
  }

  #mayStart(destination: Destination, now: number): boolean {
    return (
      destination.waiting > destination.reserved &&
      destination.earliest <= now &&
      destination.suspendedUntil <= now &&
      destination.pausedUntil <= now &&
      destination.active < Math.floor(destination.limit)
    )
  }

  #grant(destination: Destination, now: number): void {
    destination.active++
    destination.reserved++
    this.#active++
    if (destination.limits.intervalMs > 0) destination.pausedUntil = now + destination.limits.intervalMs
  }

  #release(destination: Destination, count: number): void {
    destination.active -= count
    this.#active -= count
  }

  /** Postfix's feedback: +1 per `limit` successes, -1 per trouble; unreachable starts again with one probe. */
  #learn(destination: Destination, verdict: DeliveryVerdict, now: number): void {
    const { initialConcurrency, maximalConcurrency } = destination.limits
    if (verdict === 'worked') {
      destination.suspendedUntil = 0
      const grown =
        destination.limit < initialConcurrency ? destination.limit + 1 : destination.limit + 1 / destination.limit
      destination.limit = Math.min(maximalConcurrency, grown)
    } else if (verdict === 'trouble') destination.limit = Math.max(1, destination.limit - 1)
    else if (verdict === 'unreachable') {
      destination.limit = 1
      destination.suspendedUntil = now + this.#settings.unreachableMs
    }
  }

  /** Puts a destination where it belongs: in the heap, or nowhere (nothing waits, or no slot is free). */
  #file(destination: Destination): void {
    const at = this.#dueAt(destination)
    if (at === destination.timer) return
    destination.timer = at
    if (at > 0) this.#timers.push(at, destination.nextHop)
  }

  /** When it is worth looking at again; 0 for only after a report. An idle but suspended or paused one is looked at to forget it. */
  #dueAt(destination: Destination): number {
    if (destination.waiting <= destination.reserved)
      return Math.max(destination.suspendedUntil, destination.pausedUntil)
    if (destination.active >= Math.floor(destination.limit)) return 0
    return Math.max(destination.earliest, destination.suspendedUntil, destination.pausedUntil)
  }

  /** Takes the next one of the ring without moving the others. */
  #shiftReady(): Destination | undefined {
    const destination = this.#ready[this.#head]
    if (!destination) return undefined
    this.#head++
    if (this.#head > READY_COMPACT && this.#head * 2 > this.#ready.length) {
      this.#ready = this.#ready.slice(this.#head)
      this.#head = 0
    }
    return destination
  }

  #refile(destination: Destination): void {
    if (!destination.ready) this.#file(destination)
  }

  #wakeDue(now: number): void {
    for (let at = this.wakeAt(); at !== null && at <= now; at = this.wakeAt()) {
      const destination = this.#destinations.get(this.#timers.pop() as string) as Destination
      destination.timer = 0
      if (destination.suspendedUntil <= now) destination.suspendedUntil = 0
      if (destination.pausedUntil <= now) destination.pausedUntil = 0
      if (destination.waiting === 0) this.#forget(destination)
      else if (!destination.ready) {
        destination.ready = true
        this.#ready.push(destination)
      }
    }
  }

  /** A destination about which there is nothing left to know leaves the memory. */
  #forget(destination: Destination): void {
    if (destination.waiting > 0 || destination.active > 0 || destination.ready) return
    // A rate or a pause that is forgotten with the last mail would not hold for the next one.
    if (destination.suspendedUntil > 0 || destination.pausedUntil > 0) return
    this.#destinations.delete(destination.nextHop)
  }

  #limits(nextHop: string): DestinationLimits {
    return { ...this.#settings, ...this.#settings.limitsFor?.(nextHop) }
  }

  #destination(nextHop: string): Destination {
    const known = this.#destinations.get(nextHop)
    if (known) return known
    const limits = this.#limits(nextHop)
    const fresh: Destination = {
      nextHop,
      limits,
      waiting: 0,
      earliest: 0,
      active: 0,
      reserved: 0,
      limit: limits.initialConcurrency,
      suspendedUntil: 0,
      pausedUntil: 0,
      ready: false,
      timer: 0,
    }
    this.#destinations.set(nextHop, fresh)
    return fresh
  }
}

function viewOf(destination: Destination): DestinationView {
  const { nextHop, waiting, earliest, active, limit, suspendedUntil, pausedUntil } = destination
  const until = { suspendedUntil, pausedUntil }
  return { nextHop, waiting, earliestAttemptAt: earliest, active, limit: Math.floor(limit), ...until }
}
