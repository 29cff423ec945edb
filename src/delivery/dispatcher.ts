// The delivery engine: asks the scheduler who may be attempted, claims, runs agents, settles. Everything foreseen is an outcome; what is
// not becomes a deferral and a logged bug. The queue is the truth: what is held here may be lost at any moment and only costs a retry.

import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { Claim, DestinationBacklog, Queue } from '../queue/contract/queue.ts'
import type { DeliveryVerdict, DestinationView } from '../queue/scheduling/destination-state.ts'
import { Scheduler, type SchedulerSettings } from '../queue/scheduling/scheduler.ts'
import type { Agent, AttemptResult } from './attempt/agent.ts'
import { ClaimsInHand } from './claims-in-hand.ts'
import type { DeliveryEngine } from './engine.ts'
import { deferred } from './attempt/delivery-outcome.ts'
import type { ConnectionPool } from './attempt/connection-pool.ts'
import { OutcomeWriter } from './outcome-writer.ts'
import { QueuePause } from './queue-pause.ts'
import { WakeupTimer } from './wakeup.ts'

export interface DispatcherSettings {
  readonly scheduler: SchedulerSettings
  /** Claims held ready for one destination beyond those running: saves a round trip to the queue per mail. */
  readonly prefetch: number
  /** The same over all destinations. */
  readonly maxInHand: number
  /** Octets of messages held ready beyond which nothing more is taken into the hand: bounds their memory. */
  readonly maxInHandOctets: number
  /** Settlements under way beyond which nothing new is claimed. */
  readonly maxUnsettled: number
}

export const standardDispatcher: Omit<DispatcherSettings, 'scheduler'> = {
  prefetch: 50,
  maxInHand: 500,
  maxInHandOctets: 16 * 2 ** 20,
  maxUnsettled: 2000,
}

export interface DispatcherPorts {
  readonly queue: Pick<Queue, 'claim' | 'settle' | 'release' | 'destinations' | 'backlog' | 'watch'>
  readonly agent: Agent
  readonly pool: ConnectionPool
  readonly clock: Clock
  readonly log: Pick<Log, 'bug' | 'error' | 'info'>
  /** Somebody may have to be told something (bounce/notify.ts). */
  readonly noticesDue: () => void
}

export interface DeliveryStatus {
  readonly running: number
  readonly inHand: number
  readonly unsettled: number
  readonly queueFailing: boolean
  readonly destinations: readonly DestinationView[]
}

export interface Dispatcher extends DeliveryEngine {
  /** A person wants this destination tried now, whatever is known of it (retry, resume). */
  reconsider(nextHop: string): void
  /** A person wants it left alone (suspend): what is in hand for it goes back; attempts that run end by themselves. */
  leave(nextHop: string): void
  status(): DeliveryStatus
}

/**
 * New mails that may be delivered before mail that is due in the queue gets a turn. Those that go past the queue cost half as much, so turns
 * are few: with 50, as many as one claim brings, an overloaded node relayed a fifth less.
 */
const MOST_OVERTAKING = 500

/** Ms that a claim may wait in the hand for a destination with a rate: what takes longer is better off in the queue. */
const HAND_WAIT = 5000

/** Ms that cut-off attempts get to have their outcomes written. */
const LAST_WORDS = 5000

/** Pause of a destination whose claim returned nothing although its backlog is due, ms: such a contradiction must not become a loop. */
const EMPTY_CLAIM_PAUSE = 1000

/** How often work is looked for while the queue takes no results, ms. */
const PAUSED_LOOK = 1000

/** In hand means due at once. */
const DUE_NOW = 0

export function createDispatcher(settings: DispatcherSettings, ports: DispatcherPorts): Dispatcher {
  return new Dispatch(settings, ports)
}

class Dispatch implements Dispatcher {
  readonly #settings: DispatcherSettings
  readonly #ports: DispatcherPorts
  readonly #scheduler: Scheduler
  readonly #hand = new ClaimsInHand()
  readonly #settler: OutcomeWriter
  readonly #pause: QueuePause
  readonly #wakeup: WakeupTimer
  readonly #running = new Set<Promise<void>>()
  #state: 'new' | 'started' | 'draining' = 'new'
  #unwatch: (() => void) | undefined
  #pumping = false

  constructor(settings: DispatcherSettings, ports: DispatcherPorts) {
    this.#settings = settings
    this.#ports = ports
    this.#scheduler = new Scheduler(settings.scheduler, {
      clock: ports.clock,
      backlog: (nextHop) => this.#backlog(nextHop),
    })
    this.#pause = new QueuePause(ports)
    this.#wakeup = new WakeupTimer(ports.clock, () => this.#pump())
    this.#settler = new OutcomeWriter({ ...ports, settled: (noticesDue) => this.#settled(noticesDue) })
  }

  start(): void {
    if (this.#state !== 'new') return
    this.#state = 'started'
    const { queue } = this.#ports
    this.#unwatch = queue.watch((nextHops) => this.#changed(nextHops))
    this.#changed(queue.destinations().map(({ nextHop }) => nextHop))
  }

  hasRoom(nextHop: string): boolean {
    if (this.#isPaused() || this.#roomInHand() <= 0) return false
    if (this.#hand.count(nextHop) >= this.#settings.prefetch || this.#isSuspended(nextHop)) return false
    // New mail may go past the queue, but not for ever: then it takes its turn there like all others.
    return !this.#isDueInQueue(nextHop) || this.#hand.overtaking(nextHop) < MOST_OVERTAKING
  }

  take(claims: readonly Claim[]): void {
    if (this.#state === 'draining') return this.#settler.release(claims)
    for (const claim of claims) {
      if (this.#isSuspended(claim.nextHop)) this.#settler.release([claim])
      else {
        this.#hand.addAccepted(claim, { overtakes: this.#isDueInQueue(claim.nextHop) })
        this.#scheduler.update(claim.nextHop)
      }
    }
    this.#pump()
  }

  reconsider(nextHop: string): void {
    this.#scheduler.resume(nextHop)
    this.#pump()
  }

  leave(nextHop: string): void {
    this.#letGo(nextHop)
  }

  async drain(graceMs: number): Promise<void> {
    this.#state = 'draining'
    this.#unwatch?.()
    this.#wakeup.stop()
    this.#settler.release(this.#hand.removeAll())
    this.#ports.pool.retire()
    await this.#quiet(graceMs)
    this.#ports.pool.abort()
    await this.#quiet(LAST_WORDS)
  }

  status(): DeliveryStatus {
    return {
      running: this.#running.size,
      inHand: this.#hand.total,
      unsettled: this.#settler.unsettled,
      queueFailing: this.#settler.failing || this.#pause.remainingMs > 0,
      destinations: this.#scheduler.views(),
    }
  }

  #isSuspended(nextHop: string): boolean {
    const view = this.#scheduler.view(nextHop)
    return view !== null && (view.suspendedMs > 0 || view.pausedMs > HAND_WAIT)
  }

  #isPaused(): boolean {
    if (this.#state !== 'started' || this.#settler.failing) return true
    return this.#settler.unsettled >= this.#settings.maxUnsettled || this.#pause.remainingMs > 0
  }

  /** Starts whatever may start now. Not re-entered: agents that end at once come back through the event loop. */
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
    // While paused, what is due already must not make the timer spin.
    this.#wakeup.within(this.#isPaused() ? Math.max(next, this.#pause.remainingMs || PAUSED_LOOK) : next)
  }

  /** Uses the slots for claims in hand first, then claims more. */
  #fill(nextHop: string, slots: number): void {
    const inHand = this.#hand.remove(nextHop, slots)
    if (inHand.length > 0) {
      this.#scheduler.started(nextHop, { reserved: inHand.length, used: inHand.length })
      for (const claim of inHand) this.#run(claim)
    }
    const rest = slots - inHand.length
    if (rest > 0) this.#track(this.#claim(nextHop, rest))
  }

  async #claim(nextHop: string, reserved: number): Promise<void> {
    const { queue, clock } = this.#ports
    const limit = this.#claimLimit(nextHop, reserved)
    this.#hand.resetOvertaking(nextHop)
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
      this.#settler.release(claims)
      return
    }
    const first = claims.slice(0, reserved)
    this.#hand.add(nextHop, claims.slice(reserved))
    if (claims.length === 0 && this.#isDueInQueue(nextHop)) this.#scheduler.pause(nextHop, EMPTY_CLAIM_PAUSE)
    this.#scheduler.started(nextHop, { reserved, used: first.length })
    for (const claim of first) this.#run(claim)
    this.#pump()
  }

  /** More than there are slots for, as far as that many wait and memory allows. */
  #claimLimit(nextHop: string, reserved: number): number {
    const soon = this.#scheduler.allowedWithin(nextHop, HAND_WAIT)
    const ahead = Math.max(0, Math.min(this.#settings.prefetch, soon, this.#roomInHand()))
    return Math.max(reserved, Math.min(reserved + ahead, this.#ports.queue.backlog(nextHop).waiting))
  }

  /** Claims that may still be held ready. */
  #roomInHand(): number {
    const { maxInHand, maxInHandOctets } = this.#settings
    return this.#hand.octets < maxInHandOctets ? maxInHand - this.#hand.total : 0
  }

  /** What waits in the queue and in hand. */
  #backlog(nextHop: string): DestinationBacklog {
    const inQueue = this.#ports.queue.backlog(nextHop)
    const inHand = this.#hand.count(nextHop)
    return inHand === 0 ? inQueue : { waiting: inQueue.waiting + inHand, earliestAttemptAt: DUE_NOW }
  }

  #isDueInQueue(nextHop: string): boolean {
    const { waiting, earliestAttemptAt } = this.#ports.queue.backlog(nextHop)
    return waiting > 0 && earliestAttemptAt <= this.#ports.clock.now()
  }

  #run(claim: Claim): void {
    this.#track(this.#attempt(claim))
  }

  async #attempt(claim: Claim): Promise<void> {
    const { nextHop, message } = claim
    const { outcomes, verdict, pauseMs, postponeMs } = await this.#safely(claim)
    if (postponeMs !== undefined) return this.#postpone(claim, postponeMs)
    this.#scheduler.finished(nextHop, verdict)
    if (pauseMs > 0) this.#scheduler.pause(nextHop, pauseMs)
    this.#settler.settle({ queueId: message.queueId, nextHop, outcomes })
    if (verdict === 'unreachable' || pauseMs > HAND_WAIT) this.#letGo(nextHop)
    this.#pump()
  }

  /** Nothing was begun, and nothing in hand for the destination could be. */
  #postpone(claim: Claim, ms: number): void {
    const { nextHop } = claim
    this.#scheduler.finished(nextHop, 'unused')
    this.#scheduler.pause(nextHop, ms)
    this.#settler.release([claim])
    this.#letGo(nextHop)
    this.#pump()
  }

  async #safely(claim: Claim): Promise<AttemptResult> {
    try {
      return await this.#ports.agent.attempt(claim)
    } catch (error) {
      this.#ports.log.bug(error, `attempt ${claim.message.queueId} for ${claim.nextHop}`)
      const outcome = deferred('message', '4.3.0', 'Internal error, delivery will be tried again')
      const verdict: DeliveryVerdict = 'worked'
      return { outcomes: claim.recipients.map(({ recipientId }) => ({ recipientId, outcome })), verdict, pauseMs: 0 }
    }
  }

  /** The destination is not tried for now: claims in hand would only wait out their lease. */
  #letGo(nextHop: string): void {
    this.#settler.release(this.#hand.remove(nextHop, Number.MAX_SAFE_INTEGER))
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

  #track(work: Promise<void>): void {
    const tracked = work.catch((error: unknown) => this.#ports.log.bug(error, 'delivery'))
    this.#running.add(tracked)
    void tracked.finally(() => this.#running.delete(tracked))
  }

  /** Waits until nothing runs and nothing is unsettled, at most `ms`. */
  async #quiet(ms: number): Promise<void> {
    const patience = new AbortController()
    const over = this.#ports.clock.sleep(ms, patience.signal).then(
      () => true,
      () => true,
    )
    const done = async () => {
      while (this.#running.size > 0 || this.#settler.unsettled > 0) {
        await Promise.all([...this.#running, this.#settler.idle()])
      }
    }
    await Promise.race([done(), over])
    patience.abort()
  }
}
