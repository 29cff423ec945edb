// The delivery engine: it claims messages for the destinations that the scheduler allows, runs an attempt for each claim and records the
// outcomes. An unexpected error defers the message and is logged as a bug. The queue is the source of truth: a crash costs one retry.

import type { Pool } from '../budget/pool.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { createTurns } from '../lib/turns.ts'
import type { Claim, DestinationBacklog, Queue } from '../queue/contract/queue.ts'
import { bodySize } from '../queue/contract/stored-body.ts'
import type { DeliveryVerdict, WaitedFor } from '../queue/scheduling/destination-state.ts'
import type { DestinationWait } from '../queue/scheduling/destination-wait.ts'
import { Scheduler, type SchedulerSettings } from '../queue/scheduling/scheduler.ts'
import type { Agent, AttemptResult } from './attempt/agent.ts'
import { ClaimBuffer } from './claim-buffer.ts'
import type { DeliveryEngine, EngineWaits } from './engine.ts'
import { deferred } from './attempt/delivery-outcome.ts'
import type { ConnectionPool } from './attempt/connection-pool.ts'
import { retrySoon } from './fixed-host-retry.ts'
import type { ReportShare } from './slots/report-share.ts'
import type { WaitingHops } from './slots/waiting-hops.ts'
import { OutcomeWriter } from './outcome-writer.ts'
import { QueuePause } from './queue-pause.ts'
import { RunningWork } from './running-work.ts'
import { WakeupTimer } from './wakeup.ts'

export interface DispatcherSettings {
  readonly scheduler: SchedulerSettings
  /** Buffered claims of one destination: each saves a round trip to the queue. */
  readonly prefetch: number
  /** The same for all destinations together. */
  readonly maxBuffered: number
  /** Octets of the buffered messages: bounds their memory. */
  readonly maxBufferedOctets: number
  /** Outcomes not recorded yet; beyond it nothing is claimed. */
  readonly maxUnsettled: number
}

export const standardDispatcher: Omit<DispatcherSettings, 'scheduler'> = {
  prefetch: 50,
  maxBuffered: 500,
  maxBufferedOctets: 16 * 2 ** 20,
  maxUnsettled: 2000,
}

export interface DispatcherPorts {
  readonly queue: Pick<Queue, 'claim' | 'settle' | 'release' | 'destinations' | 'backlog' | 'watch'>
  readonly agent: Agent
  readonly pool: ConnectionPool
  /** Concurrent attempts, and the part of reports in them. */
  readonly slots: Pick<Pool, 'take' | 'fits' | 'used'>
  readonly reports: ReportShare
  /** Calls the next hops for which a place is free. */
  readonly waiting: WaitingHops
  readonly clock: Clock
  readonly log: Pick<Log, 'bug' | 'error' | 'info'>
  /** Called if DSNs may be due. */
  readonly noticesDue: () => void
}

/**
 * New messages that may be delivered before due messages of the queue. A message claimed at its acceptance costs half as much as one from
 * the queue: with 50 instead of 500 an overloaded node relayed a fifth less.
 */
const MAX_OVERTAKING = 500

/** Ms that a claim may be buffered for a destination with a rate. */
const MAX_BUFFERED_MS = 5000

/** Ms to record the outcomes of attempts whose connections a drain closed. */
const FINAL_SETTLE_MS = 5000

/** Pause of a destination whose claim returned nothing although its backlog is due, ms. Avoids a loop. */
const EMPTY_CLAIM_PAUSE_MS = 1000

/** Destinations looked at in one turn of the event loop, for operators: strangers can make mail for a hundred thousand of them wait. */
const WAITS_PER_TURN = 500

/** Ms between two looks for work while delivery is paused. */
const PAUSED_LOOK_MS = 1000

/** Next attempt of buffered claims. */
const DUE_NOW = 0

interface Postponement {
  readonly ms: number
  /** A host has no free connection. */
  readonly isCrowded: boolean
  /** The next hop is called earlier when this is free; null if only time helps. */
  readonly waitsFor: WaitedFor | null
}

export function createDispatcher(settings: DispatcherSettings, ports: DispatcherPorts): DeliveryEngine {
  return new Dispatcher(settings, ports)
}

class Dispatcher implements DeliveryEngine {
  readonly #settings: DispatcherSettings
  readonly #ports: DispatcherPorts
  readonly #scheduler: Scheduler
  readonly #buffer = new ClaimBuffer()
  readonly #writer: OutcomeWriter
  readonly #pause: QueuePause
  readonly #wakeup: WakeupTimer
  readonly #running: RunningWork
  #state: 'new' | 'started' | 'draining' = 'new'
  #unwatch: (() => void) | undefined
  #pumping = false

  constructor(settings: DispatcherSettings, ports: DispatcherPorts) {
    this.#settings = settings
    this.#ports = ports
    this.#scheduler = new Scheduler(settings.scheduler, {
      clock: ports.clock,
      backlog: (nextHop) => this.#backlog(nextHop),
      slots: ports.slots,
    })
    ports.waiting.onFree((nextHop) => this.#placeFreed(nextHop))
    this.#running = new RunningWork(ports)
    this.#pause = new QueuePause(ports)
    this.#wakeup = new WakeupTimer(ports.clock, () => this.#pump())
    this.#writer = new OutcomeWriter({ ...ports, settled: (noticesDue) => this.#settled(noticesDue) })
  }

  start(): void {
    if (this.#state !== 'new') return
    this.#state = 'started'
    const { queue } = this.#ports
    this.#unwatch = queue.watch((nextHops) => this.#changed(nextHops))
    this.#changed(queue.destinations().map(({ nextHop }) => nextHop))
  }

  hasCapacity(nextHop: string): boolean {
    if (this.#isPaused() || this.#freeSpace() <= 0) return false
    if (this.#buffer.count(nextHop) >= this.#settings.prefetch || this.#isSuspended(nextHop)) return false
    if (this.#lacksSlots(nextHop)) return false
    // Beyond the limit new messages wait in the queue like all others.
    return !this.#isDueInQueue(nextHop) || this.#buffer.overtaking(nextHop) < MAX_OVERTAKING
  }

  /** Claims for destinations that cannot be tried soon must not fill the buffer. Known destinations free their slots quickly. */
  #lacksSlots(nextHop: string): boolean {
    const lane = this.#scheduler.lane(nextHop)
    return lane === 'internet' && !this.#ports.slots.fits({ purpose: lane })
  }

  takeClaims(claims: readonly Claim[]): void {
    if (this.#state === 'draining') return this.#writer.release(claims)
    for (const claim of claims) {
      if (this.#isSuspended(claim.nextHop)) this.#writer.release([claim])
      else {
        this.#buffer.addAccepted(claim, { overtakes: this.#isDueInQueue(claim.nextHop) })
        this.#scheduler.update(claim.nextHop)
      }
    }
    this.#pump()
  }

  retryDestination(nextHop: string): void {
    this.#scheduler.resume(nextHop)
    this.#pump()
  }

  releaseDestination(nextHop: string): void {
    this.#releaseBuffered(nextHop)
  }

  async waits(): Promise<EngineWaits> {
    const turns = createTurns(WAITS_PER_TURN)
    const destinations: DestinationWait[] = []
    for (const wait of this.#scheduler.waits()) {
      await turns.step()
      if (wait) destinations.push(wait)
    }
    return { paused: this.#pauseCause(), destinations }
  }

  #pauseCause(): string | null {
    if (this.#state === 'draining') return 'the node is draining'
    if (this.#writer.failing) return 'the queue cannot record outcomes'
    if (this.#pause.remainingMs > 0) return 'the queue does not return claims'
    return this.#isPaused() ? 'outcomes wait for the queue' : null
  }

  async drain(graceMs: number): Promise<void> {
    this.#state = 'draining'
    this.#unwatch?.()
    this.#wakeup.stop()
    this.#writer.release(this.#buffer.removeAll())
    this.#ports.pool.retire()
    await this.#running.idle(graceMs, this.#writer)
    this.#ports.pool.abort()
    await this.#running.idle(FINAL_SETTLE_MS, this.#writer)
  }

  #isSuspended(nextHop: string): boolean {
    return this.#scheduler.isBlocked(nextHop, MAX_BUFFERED_MS)
  }

  #isPaused(): boolean {
    if (this.#state !== 'started' || this.#writer.failing) return true
    return this.#writer.unsettled >= this.#settings.maxUnsettled || this.#pause.remainingMs > 0
  }

  /** Starts all attempts that the scheduler allows. Not re-entrant: the end of an attempt calls it from the event loop. */
  #pump(): void {
    if (this.#pumping || this.#state !== 'started') return
    this.#pumping = true
    if (!this.#isPaused()) for (const { nextHop, slots } of this.#scheduler.assign()) this.#fill(nextHop, slots)
    this.#pumping = false
    this.#setWakeup()
  }

  #setWakeup(): void {
    const next = this.#scheduler.wakeInMs()
    if (next === null) return
    // While delivery is paused, a due destination must not restart the timer in a loop.
    this.#wakeup.within(this.#isPaused() ? Math.max(next, this.#pause.remainingMs || PAUSED_LOOK_MS) : next)
  }

  /** Uses the slots for buffered claims first, then claims more. */
  #fill(nextHop: string, slots: number): void {
    const buffered = this.#buffer.remove(nextHop, slots)
    if (buffered.length > 0) {
      this.#scheduler.started(nextHop, { reserved: buffered.length, used: buffered.length })
      for (const claim of buffered) this.#run(claim)
    }
    const rest = slots - buffered.length
    if (rest > 0) this.#running.add(this.#claim(nextHop, rest))
  }

  async #claim(nextHop: string, reserved: number): Promise<void> {
    const { queue, clock } = this.#ports
    const limit = this.#claimLimit(nextHop, reserved)
    this.#buffer.resetOvertaking(nextHop)
    let claims: Claim[]
    try {
      claims = await queue.claim({ nextHop, limit, now: clock.now() })
    } catch (error) {
      this.#pause.fail(error)
      this.#scheduler.started(nextHop, { reserved, used: 0 })
      return this.#setWakeup()
    }
    this.#pause.succeed()
    if (this.#state === 'draining') {
      this.#writer.release(claims)
      return
    }
    const first = claims.slice(0, reserved)
    this.#buffer.add(nextHop, claims.slice(reserved))
    if (claims.length === 0 && this.#isDueInQueue(nextHop)) this.#scheduler.pause(nextHop, EMPTY_CLAIM_PAUSE_MS)
    this.#scheduler.started(nextHop, { reserved, used: first.length })
    for (const claim of first) this.#run(claim)
    this.#pump()
  }

  /** Messages to claim: for the slots, and for the buffer as far as backlog, rate and memory allow. */
  #claimLimit(nextHop: string, reserved: number): number {
    const soon = this.#scheduler.allowedWithin(nextHop, MAX_BUFFERED_MS)
    const ahead = Math.max(0, Math.min(this.#settings.prefetch, soon, this.#freeSpace()))
    return Math.max(reserved, Math.min(reserved + ahead, this.#ports.queue.backlog(nextHop).waiting))
  }

  /** Further claims that can be buffered. */
  #freeSpace(): number {
    const { maxBuffered, maxBufferedOctets } = this.#settings
    return this.#buffer.octets < maxBufferedOctets ? maxBuffered - this.#buffer.total : 0
  }

  /** The backlog in the queue and in the buffer. */
  #backlog(nextHop: string): DestinationBacklog {
    const inQueue = this.#ports.queue.backlog(nextHop)
    const buffered = this.#buffer.count(nextHop)
    return buffered === 0 ? inQueue : { waiting: inQueue.waiting + buffered, earliestAttemptAt: DUE_NOW }
  }

  #isDueInQueue(nextHop: string): boolean {
    const { waiting, earliestAttemptAt } = this.#ports.queue.backlog(nextHop)
    return waiting > 0 && earliestAttemptAt <= this.#ports.clock.now()
  }

  #run(claim: Claim): void {
    this.#running.add(this.#attempt(claim))
  }

  async #attempt(claim: Claim): Promise<void> {
    const { nextHop, message } = claim
    const { clock, reports } = this.#ports
    const place = reports.take(claim, this.#scheduler.lane(nextHop))
    if (place.kind === 'full') return this.#postpone(claim, { ms: place.waitMs, isCrowded: false, waitsFor: 'reports' })
    const since = clock.monotonic()
    const { outcomes, verdict, pauseMs, postponeMs, isCalled = false } = await this.#attemptSafely(claim)
    place.release()
    if (postponeMs !== undefined)
      return this.#postpone(claim, {
        ms: postponeMs,
        isCrowded: verdict === 'crowded',
        waitsFor: isCalled ? 'connections' : null,
      })
    this.#scheduler.finished(nextHop, verdict, clock.monotonic() - since)
    if (pauseMs > 0) this.#scheduler.pause(nextHop, pauseMs)
    const { queueId, sender, arrivedAt } = message
    const facts = { sender, arrivedAt, size: message.header.length + bodySize(message.body) }
    this.#writer.settle({ queueId, nextHop, message: facts, outcomes: this.#withEarlyRetry(claim, outcomes) })
    if (verdict === 'unreachable' || pauseMs > MAX_BUFFERED_MS) this.#releaseBuffered(nextHop)
    this.#pump()
  }

  #withEarlyRetry(claim: Claim, outcomes: AttemptResult['outcomes']): AttemptResult['outcomes'] {
    const retryMs = this.#settings.scheduler.unreachableMsFor?.(claim.nextHop) ?? null
    return retryMs === null ? outcomes : retrySoon(claim, outcomes, this.#ports.clock.now() + retryMs)
  }

  /**
   * Nothing was sent. At a full host the end of another delivery of the destination frees a place; without one, and at the other limits, no claim of
   * the destination can be tried now: all are released.
   */
  #postpone(claim: Claim, { ms, isCrowded, waitsFor }: Postponement): void {
    const { nextHop } = claim
    this.#scheduler.finished(nextHop, isCrowded ? 'crowded' : 'unused')
    const mayFollow = isCrowded && this.#state === 'started' && (this.#scheduler.view(nextHop)?.active ?? 0) > 0
    if (mayFollow) {
      this.#buffer.putBack(claim)
      this.#scheduler.update(nextHop)
      return this.#pump()
    }
    if (waitsFor !== null) this.#scheduler.wait(nextHop, ms, waitsFor)
    else this.#scheduler.pause(nextHop, ms)
    this.#writer.release([claim])
    this.#releaseBuffered(nextHop)
    this.#pump()
  }

  #placeFreed(nextHop: string): void {
    this.#scheduler.endWait(nextHop)
    this.#pump()
  }

  async #attemptSafely(claim: Claim): Promise<AttemptResult> {
    try {
      return await this.#ports.agent.attempt(claim)
    } catch (error) {
      this.#ports.log.bug(error, `attempt ${claim.message.queueId} to ${claim.nextHop}`)
      const outcome = deferred('message', '4.3.0', 'Internal error; delivery will be tried again')
      const verdict: DeliveryVerdict = 'worked'
      return { outcomes: claim.recipients.map(({ recipientId }) => ({ recipientId, outcome })), verdict, pauseMs: 0 }
    }
  }

  /** The destination is not tried now: its buffered claims return to the queue. */
  #releaseBuffered(nextHop: string): void {
    this.#writer.release(this.#buffer.remove(nextHop, Number.MAX_SAFE_INTEGER))
    this.#scheduler.update(nextHop)
  }

  #settled(noticesDue: boolean): void {
    if (noticesDue) this.#ports.noticesDue()
    this.#pump()
  }

  /** The backlog of these destinations changed, by this process or by another one. */
  #changed(nextHops: readonly string[]): void {
    for (const nextHop of nextHops) this.#scheduler.update(nextHop)
    this.#pump()
  }
}
