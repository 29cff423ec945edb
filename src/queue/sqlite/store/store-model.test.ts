// Random sequences of operations on a real database against a model in memory. After each step both agree on every recipient's state, on the
// backlog and on the notices due, and the ledger has exactly one final event per ended recipient.

import { mkdtempSync, rmSync } from 'node:fs'
import { contentParts } from '../../contract/stored-body.ts'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, expect, it } from 'vitest'
import { sampleMessage, sampleRecipient } from '../../../../test/lib/queue-samples.ts'
import { type Event, finalKinds } from '../../../observe/events.ts'
import type { Notify } from '../../../smtp/envelope.ts'
import type { ControlAction } from '../../contract/queue-control.ts'
import { GATHERING_MS } from './operations/notices.ts'
import { noticeNumber, notifyBits, wantsNotice } from '../../contract/notify-bits.ts'
import type { OperationResults, Operation, WireMessage, WireOutcome } from '../worker/worker-protocol.ts'
import { allowedMoves, type NextState, stateOf } from '../../contract/states.ts'
import { Store } from './store.ts'
import { encodeMessage } from '../worker/worker-codec.ts'

const HOUR = 3_600_000
const START = 1_800_000_000_000
const retry = {
  minimalGapMs: 300_000,
  maximalGapMs: 4_000_000,
  lifetimeMs: 6 * HOUR,
  bounceLifetimeMs: 6 * HOUR,
  delayWarningMs: 2 * HOUR,
}
const hops = ['mx:a', 'mx:b', 'mx:c']
const root = mkdtempSync(join(tmpdir(), 'waypost-model-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

interface ModelRecipient {
  readonly id: number
  readonly queueId: string
  readonly address: string
  readonly hop: string
  readonly arrivedAt: number
  readonly notify: readonly Notify[]
  state: NextState
  attempt: number
  at: number
  notice: 'none' | 'failed' | 'delayed' | 'delivered'
  delayNotified: boolean
  pendingAction: ControlAction | null
}

const notifySets = fc.constantFrom<readonly Notify[]>(
  [],
  ['NEVER'],
  ['SUCCESS'],
  ['FAILURE', 'DELAY'],
  ['SUCCESS', 'FAILURE'],
)
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      op: fc.constant('accept' as const),
      claim: fc.boolean(),
      to: fc.array(fc.record({ hop: fc.nat(2), notify: notifySets }), { minLength: 1, maxLength: 4 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ op: fc.constant('claim' as const), hop: fc.nat(2), limit: fc.integer({ min: 1, max: 4 }) }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      op: fc.constant('settle' as const),
      pick: fc.nat(20),
      kind: fc.constantFrom('delivered' as const, 'deferred' as const, 'failed' as const),
      passedOn: fc.boolean(),
      soon: fc.option(fc.nat(HOUR)),
    }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('release' as const), pick: fc.nat(20) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constant('notices' as const),
      limit: fc.integer({ min: 1, max: 3 }),
      twice: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constant('control' as const),
      action: fc.constantFrom<ControlAction>('hold', 'release', 'retry', 'remove', 'bounce'),
      digit: fc.nat(9),
    }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('suspend' as const), hop: fc.nat(2), on: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('wait' as const), ms: fc.nat(3 * HOUR) }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('crash' as const) }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('expire' as const) }) },
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

class Pair {
  readonly directory = mkdtempSync(join(root, 'run-'))
  readonly all: ModelRecipient[] = []
  readonly suspended = new Set<string>()
  now = START
  serial = 0
  store = this.open()

  open(): Store {
    return new Store({ directory: this.directory, retry, random: () => 0.5, owner: true, now: this.now })
  }

  ask<K extends Operation['kind']>(
    operation: Operation & { kind: K },
    octets = new Uint8Array(0),
  ): OperationResults[K] {
    const { values, failures } = this.store.run([{ operation, octets }])
    if (failures[0]) throw new Error(failures[0][1].message)
    return values[0] as OperationResults[K]
  }

  move(one: ModelRecipient, to: NextState): void {
    if (one.state === 'gone') throw new Error('the model moved a recipient that is gone')
    expect(allowedMoves[one.state]).toContain(to)
    one.state = to
  }

  gap(one: { arrivedAt: number }): number {
    return Math.min(retry.maximalGapMs, Math.max(retry.minimalGapMs, this.now - one.arrivedAt))
  }

  run(one: Step): void {
    switch (one.op) {
      case 'accept':
        return this.accept(one)
      case 'claim':
        return this.claim(one)
      case 'settle':
        return this.settle(one)
      case 'release':
        return this.release(one)
      case 'notices':
        return this.notices(one)
      case 'control':
        return this.control(one)
      case 'suspend':
        return this.suspend(one)
      case 'wait':
        this.now += one.ms
        return
      case 'crash':
        return this.crash()
      case 'expire':
        return this.expire()
    }
  }

  accept(one: Step & { op: 'accept' }): void {
    const recipients = one.to.map(({ hop, notify }) =>
      sampleRecipient({
        address: `r${this.serial++}@example.net`,
        nextHop: hops[hop] as string,
        parameters: { notify, orcpt: null },
      }),
    )
    const message = sampleMessage({ recipients, arrivedAt: this.now })
    const wire = encodeMessage(message, 0)
    const answer = this.ask(
      { kind: 'accept', message: wire, claim: one.claim, now: this.now },
      Buffer.concat(contentParts(message)),
    )
    for (const [ordinal, recipient] of recipients.entries()) {
      const claimed = one.claim && !this.suspended.has(recipient.nextHop)
      expect(typeof answer === 'number' ? one.claim : answer.claimed[ordinal]).toBe(claimed)
      this.all.push({
        id: (typeof answer === 'number' ? answer : answer.first) + ordinal,
        queueId: message.queueId,
        address: recipient.address,
        hop: recipient.nextHop,
        arrivedAt: this.now,
        notify: recipient.parameters.notify,
        state: claimed ? 'claimed' : 'queued',
        attempt: claimed ? 1 : 0,
        at: claimed ? this.now + retry.minimalGapMs : this.now,
        notice: 'none',
        delayNotified: false,
        pendingAction: null,
      })
    }
  }

  claim(one: Step & { op: 'claim' }): void {
    const hop = hops[one.hop] as string
    const due = this.all.filter(
      (r) => (r.state === 'queued' || r.state === 'deferred') && r.hop === hop && r.at <= this.now,
    )
    const claims = this.ask({ kind: 'claim', nextHop: hop, limit: one.limit, now: this.now })
    if (this.suspended.has(hop)) return expect(claims).toEqual([])
    expect(claims.length).toBe(Math.min(one.limit, new Set(due.map((r) => r.queueId)).size))
    const taken = new Set<string>()
    for (const claim of claims) {
      expect(taken.has(claim.message.queueId)).toBe(false)
      taken.add(claim.message.queueId)
      const mine = due.filter((r) => r.queueId === claim.message.queueId)
      expect(claim.recipients.map((r) => r.id)).toEqual(mine.map((r) => r.id))
      for (const recipient of mine) {
        this.move(recipient, 'claimed')
        recipient.attempt++
        recipient.at = this.now + this.gap(recipient)
      }
      expect(claim.recipients.map((r) => r.attempt)).toEqual(mine.map((r) => r.attempt))
    }
    const earliest = Math.min(...due.map((r) => r.at))
    if (due.length > 0)
      expect(due.some((r) => r.state === 'claimed' && taken.has(r.queueId)) || earliest > this.now).toBe(true)
  }

  claimed(pick: number): ModelRecipient | undefined {
    const claimed = this.all.filter((r) => r.state === 'claimed')
    return claimed[pick % Math.max(1, claimed.length)]
  }

  settle(one: Step & { op: 'settle' }): void {
    const recipient = this.claimed(one.pick)
    if (!recipient) return
    const retryAt = one.kind === 'deferred' && one.soon !== null ? this.now + one.soon : null
    const scope = one.kind === 'delivered' ? null : 'recipient'
    const passedOn = one.kind === 'delivered' && one.passedOn
    const outcome: WireOutcome = [recipient.id, one.kind, scope, '2.0.0', 'said', null, null, passedOn, retryAt]
    const noticesDue = this.ask({
      kind: 'settle',
      message: null,
      queueId: recipient.queueId,
      outcomes: [outcome],
      now: this.now,
    })
    const expiry = recipient.arrivedAt + retry.lifetimeMs
    if (one.kind === 'deferred' && this.now < expiry) {
      const late = this.now - recipient.arrivedAt >= retry.delayWarningMs && !recipient.delayNotified
      if (late && wantsNotice(notifyBits(recipient.notify), 'delayed')) recipient.notice = 'delayed'
      this.move(recipient, 'deferred')
      const scheduled = recipient.at > this.now ? recipient.at : this.now + this.gap(recipient)
      recipient.at = Math.min(expiry, retryAt ?? scheduled)
      const { pendingAction } = recipient
      recipient.pendingAction = null
      if (pendingAction) this.order(recipient, pendingAction)
    } else {
      const state = one.kind === 'deferred' ? 'expired' : one.kind
      this.end(recipient, state, state === 'delivered' && one.passedOn)
    }
    expect(noticesDue).toBe(this.all.some((r) => r.queueId === recipient.queueId && r.notice !== 'none'))
  }

  end(recipient: ModelRecipient, state: 'delivered' | 'failed' | 'expired', passedOn: boolean): void {
    const notice = state === 'delivered' ? 'delivered' : 'failed'
    this.move(recipient, state)
    if (wantsNotice(notifyBits(recipient.notify), notice) && !passedOn) recipient.notice = notice
    else this.gone(recipient)
  }

  gone(recipient: ModelRecipient): void {
    recipient.state = 'gone'
    recipient.notice = 'none'
  }

  release(one: Step & { op: 'release' }): void {
    const recipient = this.claimed(one.pick)
    if (!recipient) return
    this.ask({ kind: 'release', recipients: [recipient.id], now: this.now })
    this.move(recipient, recipient.attempt > 1 ? 'deferred' : 'queued')
    recipient.attempt--
    recipient.at = this.now
    const { pendingAction } = recipient
    recipient.pendingAction = null
    if (pendingAction) this.order(recipient, pendingAction)
  }

  notices(one: Step & { op: 'notices' }): void {
    const tasks = this.ask({ kind: 'notices', limit: one.limit, after: -1, now: this.now })
    // The oldest notice of a message decides when all its notices are sent.
    const oldest = (queueId: string) =>
      Math.min(...tasks.flatMap((t) => (t.message.queueId === queueId ? t.recipients.map((r) => r.lastAt) : [])))
    for (const task of tasks) {
      const siblings = this.all.filter((r) => r.queueId === task.message.queueId)
      if (siblings.some((r) => r.state === 'queued' || r.state === 'claimed'))
        expect(oldest(task.message.queueId)).toBeLessThanOrEqual(this.now - GATHERING_MS)
      const mine = this.all.filter((r) => r.state !== 'gone' && task.recipients.some((t) => t.id === r.id))
      const dsn = encodeMessage(
        sampleMessage({
          sender: null,
          arrivedAt: this.now,
          recipients: [sampleRecipient({ nextHop: 'mx:dsn', address: `dsn${this.serial++}@example.net` })],
        }),
        0,
      )
      const done = {
        kind: 'notify' as const,
        recipients: task.recipients.map((t) => t.id),
        notice: task.notice,
        events: [],
        now: this.now,
      }
      expect(mine.map((r) => noticeNumber[r.notice])).toEqual(mine.map(() => task.notice))
      expect(this.ask({ ...done, reports: [dsn.with(8, 0).with(7, 0).with(10, 0) as unknown as WireMessage] })).toBe(
        true,
      )
      for (const recipient of mine) {
        if (recipient.notice === 'delayed') {
          recipient.notice = 'none'
          recipient.delayNotified = true
        } else {
          this.move(recipient, 'gone')
          this.gone(recipient)
        }
      }
      if (one.twice) expect(this.ask({ ...done, reports: [dsn] })).toBe(false)
    }
  }

  control(one: Step & { op: 'control' }): void {
    const { action } = one
    this.ask({
      kind: 'control',
      step: {
        kind: 'act',
        action,
        filter: { recipient: `r*${one.digit}@*` },
        by: 'x',
        reason: 'y',
        after: 0,
        now: this.now,
      },
    })
    for (const recipient of this.all.filter((r) => r.address.endsWith(`${one.digit}@example.net`))) {
      if (recipient.state === 'claimed' && action !== 'retry')
        recipient.pendingAction = action === 'release' ? null : action
      else if (recipient.state !== 'claimed') this.order(recipient, action)
    }
  }

  order(recipient: ModelRecipient, action: ControlAction): void {
    const waits = recipient.state === 'queued' || recipient.state === 'deferred'
    const held = recipient.state === 'held'
    if (action === 'hold' && waits) this.move(recipient, 'held')
    else if (action === 'release' && held) {
      this.move(recipient, recipient.attempt > 0 ? 'deferred' : 'queued')
      recipient.at = this.now
    } else if (action === 'retry' && waits) recipient.at = this.now
    else if (action === 'remove' && (waits || held)) {
      this.move(recipient, 'gone')
      this.gone(recipient)
    } else if (action === 'bounce' && (waits || held)) this.end(recipient, 'failed', false)
  }

  suspend(one: Step & { op: 'suspend' }): void {
    const nextHop = hops[one.hop] as string
    if (one.on) this.suspended.add(nextHop)
    else this.suspended.delete(nextHop)
    this.ask({
      kind: 'control',
      step: { kind: one.on ? 'suspend' : 'resume', nextHop, by: 'x', reason: 'y', now: this.now },
    })
  }

  crash(): void {
    this.store.close()
    this.store = this.open()
    const cut = this.all.filter((r) => r.state === 'claimed')
    expect(this.store.recovered).toBe(cut.length)
    for (const recipient of cut) {
      this.move(recipient, 'deferred')
      const { pendingAction } = recipient
      recipient.pendingAction = null
      if (pendingAction) this.order(recipient, pendingAction)
    }
  }

  expire(): void {
    this.ask({ kind: 'expire', now: this.now, after: 0 })
    for (const recipient of this.all)
      if (
        (recipient.state === 'queued' || recipient.state === 'deferred') &&
        !this.suspended.has(recipient.hop) &&
        recipient.arrivedAt + retry.lifetimeMs < this.now - retry.maximalGapMs
      )
        this.end(recipient, 'expired', false)
  }

  compare(): void {
    const db = this.store.database
    const rows = db
      .prepare(
        "SELECT id, state, attempt, next_attempt_at AS at, notice FROM recipients WHERE next_hop <> 'mx:dsn' ORDER BY id",
      )
      .all() as { id: number; state: number; attempt: number; at: number; notice: number }[]
    const kept = this.all.filter((r) => r.state !== 'gone').sort((a, b) => a.id - b.id)
    const final = (state: string) => ['delivered', 'failed', 'expired'].includes(state)
    expect(rows.map((r) => [r.id, stateOf(r.state), r.attempt, final(stateOf(r.state)) ? 0 : r.at, r.notice])).toEqual(
      kept.map((r) => [r.id, r.state, r.attempt, final(r.state) ? 0 : r.at, noticeNumber[r.notice]]),
    )
    const messages = db
      .prepare('SELECT count(*) FROM messages m WHERE NOT EXISTS (SELECT 1 FROM recipients r WHERE r.id >> 16 = m.id)')
      .pluck()
      .get()
    expect(messages).toBe(0)
    const waiting = hops.flatMap((nextHop) => {
      const mine = kept.filter((r) => r.hop === nextHop && (r.state === 'queued' || r.state === 'deferred'))
      if (mine.length === 0 || this.suspended.has(nextHop)) return []
      return [{ nextHop, waiting: mine.length, earliestAttemptAt: Math.min(...mine.map((r) => r.at)) }]
    })
    const summaries = this.store.destinations.filter((one) => one.nextHop !== 'mx:dsn')
    expect([...summaries].sort((a, b) => (a.nextHop < b.nextHop ? -1 : 1))).toEqual(waiting)
  }

  compareLedger(): void {
    const ends = new Map<string, number>()
    for (const text of this.store.database.prepare('SELECT events FROM ledger').pluck().all() as string[])
      for (const event of JSON.parse(text) as Event[])
        if (finalKinds.includes(event.kind)) ends.set(event.recipient ?? '', (ends.get(event.recipient ?? '') ?? 0) + 1)
    for (const { address, state } of this.all)
      expect([address, ends.get(address) ?? 0]).toEqual([
        address,
        ['gone', 'delivered', 'failed', 'expired'].includes(state) ? 1 : 0,
      ])
  }
}

it('agrees with the model after every step', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 60, size: 'max' }), (steps) => {
      const pair = new Pair()
      try {
        for (const one of steps) {
          pair.run(one)
          pair.compare()
        }
        pair.compareLedger()
      } finally {
        pair.store.close()
        rmSync(pair.directory, { recursive: true, force: true })
      }
    }),
    { numRuns: 60 },
  )
}, 60_000)
