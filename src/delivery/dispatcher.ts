// The delivery engine: asks the scheduler who may be attempted, claims, runs agents, settles. Everything foreseen is an outcome; what is
// not becomes a deferral and a logged bug. The queue is the truth: what is held here may be lost at any moment and only costs a retry.

import type { Clock } from '../lib/clock.ts'
import type { Claim, DestinationSummary, Queue, Settlement } from '../queue/contract/queue.ts'
import {
  type DestinationView,
  type DeliveryVerdict,
  Scheduler,
  type SchedulerSettings,
} from '../queue/scheduling/scheduler.ts'
import type { Agent, AttemptResult } from './attempt/agent.ts'
import { Backlog } from './backlog.ts'
import type { DeliveryEngine } from './engine.ts'
import type { DeliveryLog } from './log-port.ts'
import { deferred } from './attempt/delivery-outcome.ts'
import type { ConnectionPool } from './attempt/connection-pool.ts'
import { OutcomeWriter } from './outcome-writer.ts'
import { QUEUE_PAUSE, Summaries, type SummarySettings } from './backlog-poller.ts'
import { WakeupTimer } from './wakeup.ts'

export interface DispatcherSettings extends SummarySettings {
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
  refreshMs: 50,
  refreshAtLeastMs: 30_000,
  maxUnsettled: 2000,
}

export interface DispatcherPorts {
  readonly queue: Pick<Queue, 'claim' | 'settle' | 'release' | 'destinations'> & {
    /** News of changed destinations, where the engine of the queue has them: what others do to the queue is seen at once. */
    readonly watch?: (listener: (changed: readonly DestinationSummary[]) => void) => () => void
  }
  readonly agent: Agent
  readonly pool: ConnectionPool
  readonly clock: Clock
  readonly log: DeliveryLog
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

export function createDispatcher(settings: DispatcherSettings, ports: DispatcherPorts): Dispatcher {
  return new Dispatch(settings, ports)
}

class Dispatch implements Dispatcher {
  readonly #settings: DispatcherSettings
  readonly #ports: DispatcherPorts
  readonly #scheduler: Scheduler
  readonly #backlog = new Backlog()
  readonly #settler: OutcomeWriter
  readonly #summaries: Summaries
  readonly #wakeup: WakeupTimer
  readonly #running = new Set<Promise<void>>()
  #state: 'new' | 'started' | 'draining' = 'new'
  #unwatch: (() => void) | undefined
  #pumping = false

  constructor(settings: DispatcherSettings, ports: DispatcherPorts) {
    this.#settings = settings
    this.#ports = ports
    this.#scheduler = new Scheduler(settings.scheduler)
    this.#wakeup = new WakeupTimer(ports.clock, () => this.#pump())
    this.#settler = new OutcomeWriter({
      ...ports,
      settled: (settlement, due) => this.#settled(settlement, due),
      released: () => this.#refresh(),
    })
    this.#summaries = new Summaries(settings, {
      ...ports,
      backlog: this.#backlog,
      dueAt: (time) => this.#wakeup.at(time),
      changed: (nextHops) => this.#changed(nextHops),
    })
  }

  start(): void {
    if (this.#state !== 'new') return
    this.#state = 'started'
    this.#unwatch = this.#ports.queue.watch?.((news) => this.#heard(news))
    this.wake()
  }

  hasRoom(nextHop: string): boolean {
    if (this.#isPaused() || this.#roomInHand() <= 0) return false
    if (this.#backlog.inHand(nextHop) >= this.#settings.prefetch || this.#isSuspended(nextHop)) return false
    // New mail may go past the queue, but not for ever: then it takes its turn there like all others.
    return this.#backlog.overtaken(nextHop, this.#ports.clock.now()) < MOST_OVERTAKING
  }

  take(claims: readonly Claim[]): void {
    if (this.#state === 'draining') return this.#settler.release(claims)
    for (const claim of claims) {
      if (this.#isSuspended(claim.nextHop)) this.#settler.release([claim])
      else {
        this.#backlog.accept(claim.nextHop, claim)
        this.#tell(claim.nextHop)
      }
    }
    this.#pump()
  }

  wake(): void {
    this.#summaries.soon()
    this.#pump()
  }

  reconsider(nextHop: string): void {
    this.#scheduler.resume(nextHop)
    this.wake()
  }

  leave(nextHop: string): void {
    this.#letGo(nextHop)
  }

  async drain(graceMs: number): Promise<void> {
    this.#state = 'draining'
    this.#unwatch?.()
    this.#wakeup.stop()
    this.#settler.release(this.#backlog.drawAll())
    this.#ports.pool.retire()
    await this.#quiet(graceMs)
    this.#ports.pool.abort()
    await this.#quiet(LAST_WORDS)
  }

  status(): DeliveryStatus {
    return {
      running: this.#running.size,
      inHand: this.#backlog.totalInHand,
      unsettled: this.#settler.unsettled,
      queueFailing: this.#settler.failing || this.#summaries.pausedUntil > this.#ports.clock.now(),
      destinations: this.#scheduler.views(),
    }
  }

  #isSuspended(nextHop: string): boolean {
    const view = this.#scheduler.view(nextHop)
    const now = this.#ports.clock.now()
    return view !== null && (view.suspendedUntil > now || view.pausedUntil > now + HAND_WAIT)
  }

  #isPaused(): boolean {
    if (this.#state !== 'started' || this.#settler.failing) return true
    return (
      this.#settler.unsettled >= this.#settings.maxUnsettled || this.#summaries.pausedUntil > this.#ports.clock.now()
    )
  }

  /** Starts whatever may start now. Not re-entered: agents that end at once come back through the event loop. */
  #pump(): void {
    if (this.#pumping || this.#state !== 'started') return
    this.#pumping = true
    const now = this.#ports.clock.now()
    const asking = this.#summaries.askIfDue()
    if (asking) this.#track(asking)
    if (!this.#isPaused()) for (const { nextHop, slots } of this.#scheduler.next(now)) this.#fill(nextHop, slots)
    this.#pumping = false
    this.#arm(now)
  }

  #arm(now: number): void {
    this.#wakeup.at(this.#summaries.dueAt)
    // While paused, what is due already must not make the timer spin.
    const next = this.#scheduler.wakeAt()
    if (next !== null)
      this.#wakeup.at(this.#isPaused() ? Math.max(next, this.#summaries.pausedUntil, now + QUEUE_PAUSE) : next)
  }

  /** Uses the slots for claims in hand first, then claims more. */
  #fill(nextHop: string, slots: number): void {
    const inHand = this.#backlog.draw(nextHop, slots)
    if (inHand.length > 0) {
      this.#scheduler.started(nextHop, inHand.length, inHand.length, this.#ports.clock.now())
      for (const claim of inHand) this.#run(claim)
      this.#tell(nextHop)
    }
    const rest = slots - inHand.length
    if (rest > 0) this.#track(this.#claim(nextHop, rest))
  }

  async #claim(nextHop: string, reserved: number): Promise<void> {
    const { queue, clock } = this.#ports
    const limit = this.#claimLimit(nextHop, reserved)
    this.#backlog.claiming(nextHop)
    let claims: Claim[]
    try {
      claims = await queue.claim({ nextHop, limit, now: clock.now() })
    } catch (error) {
      this.#backlog.unclaimed(nextHop)
      this.#summaries.failed(error)
      this.#unreserve(nextHop, reserved)
      return
    }
    if (this.#state === 'draining') {
      this.#settler.release(claims)
      return
    }
    const recipients = claims.reduce((sum, claim) => sum + claim.recipients.length, 0)
    this.#backlog.claimed(nextHop, recipients, claims.length < limit)
    if (claims.length < limit) this.#summaries.soon()
    const first = claims.slice(0, reserved)
    this.#unreserve(nextHop, reserved, first.length)
    for (const claim of first) this.#run(claim)
    this.#backlog.hold(nextHop, claims.slice(reserved))
    this.#tell(nextHop)
    this.#pump()
  }

  /** More than there are slots for, as far as that many wait and memory allows. */
  #claimLimit(nextHop: string, reserved: number): number {
    const soon = this.#scheduler.inTime(nextHop, HAND_WAIT)
    const ahead = Math.max(0, Math.min(this.#settings.prefetch, soon, this.#roomInHand()))
    return Math.max(reserved, Math.min(reserved + ahead, this.#backlog.inQueue(nextHop)))
  }

  /** Claims that may still be held ready. */
  #roomInHand(): number {
    const { maxInHand, maxInHandOctets } = this.#settings
    return this.#backlog.octetsInHand < maxInHandOctets ? maxInHand - this.#backlog.totalInHand : 0
  }

  /**
   * Gives surplus slots back. Not as a short claim, for which the scheduler pauses the destination: two claims under way at once may
   * share what is left, and the summary that is asked for after a short claim bounds how soon it is tried again.
   */
  #unreserve(nextHop: string, reserved: number, used = 0): void {
    const now = this.#ports.clock.now()
    this.#scheduler.started(nextHop, reserved, reserved, now)
    for (let i = used; i < reserved; i++) this.#scheduler.finished(nextHop, 'unused', now)
  }

  #run(claim: Claim): void {
    this.#track(this.#attempt(claim))
  }

  async #attempt(claim: Claim): Promise<void> {
    const { nextHop, message } = claim
    const { outcomes, verdict, pauseMs, postponeMs } = await this.#safely(claim)
    const now = this.#ports.clock.now()
    if (postponeMs !== undefined) return this.#postpone(claim, now + postponeMs)
    this.#scheduler.finished(nextHop, verdict, now)
    if (pauseMs > 0) this.#scheduler.pause(nextHop, now + pauseMs)
    this.#settler.settle({ queueId: message.queueId, nextHop, outcomes })
    if (verdict === 'unreachable' || pauseMs > HAND_WAIT) this.#letGo(nextHop)
    this.#pump()
  }

  /** Nothing was begun, and nothing in hand for the destination could be. */
  #postpone(claim: Claim, until: number): void {
    const { nextHop } = claim
    this.#scheduler.finished(nextHop, 'unused', this.#ports.clock.now())
    this.#scheduler.pause(nextHop, until)
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
    this.#settler.release(this.#backlog.draw(nextHop, Number.MAX_SAFE_INTEGER))
    this.#tell(nextHop)
  }

  #settled(settlement: Settlement, noticesDue: boolean): void {
    if (noticesDue) this.#ports.noticesDue()
    // The deferred wait again, at a time that the queue chose.
    if (settlement.outcomes.some(({ outcome }) => outcome.kind === 'deferred')) this.#refresh()
    this.#pump()
  }

  #tell(nextHop: string): void {
    const { waiting, earliestAttemptAt } = this.#backlog.view(nextHop)
    this.#scheduler.waiting(nextHop, waiting, earliestAttemptAt)
  }

  /** News come with each commit that changes what waits, so nothing has to be asked unless they cannot be believed. */
  #heard(news: readonly DestinationSummary[]): void {
    const { changed, unsure } = this.#backlog.hear(news)
    if (unsure) this.#summaries.soon()
    if (changed.length > 0) this.#changed(changed)
  }

  /** What waits looks different: the news say how, where the queue tells them. */
  #refresh(): void {
    if (!this.#unwatch) this.#summaries.soon()
  }

  #changed(nextHops: readonly string[]): void {
    for (const nextHop of nextHops) this.#tell(nextHop)
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
