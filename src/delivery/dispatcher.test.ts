// The engine with a queue in memory, scripted agents and a fake clock: what is claimed, when, and that no outcome is lost.

import { deliverySlots } from '../../test/lib/delivery-slots.ts'
import { afterEach, describe, expect, it } from 'vitest'
import { createFakeClock, type FakeClock } from '../../test/lib/fake-clock.ts'
import { createFakeQueue } from '../../test/lib/fake-queue.ts'
import type { Outcome } from '../queue/contract/outcome.ts'
import type { Claim } from '../queue/contract/queue.ts'
import type { DeliveryVerdict } from '../queue/scheduling/destination-state.ts'
import { defaultSchedulerSettings, type SchedulerSettings } from '../queue/scheduling/scheduler.ts'
import { QueueUnavailable } from '../queue/contract/queue-unavailable.ts'
import type { AttemptResult } from './attempt/agent.ts'
import { createDispatcher, standardDispatcher } from './dispatcher.ts'
import type { DeliveryEngine } from './engine.ts'
import { deferred } from './attempt/delivery-outcome.ts'
import { ConnectionPool, standardPool } from './attempt/connection-pool.ts'

const hop = 'mx:example.net'
const done: Outcome = { kind: 'delivered', dsnPassedOn: false, reply: '250 ok', status: '2.0.0', host: 'h', tls: null }
const engines: { readonly engine: DeliveryEngine; readonly clock: FakeClock }[] = []

afterEach(async () => {
  for (const { engine, clock } of engines.splice(0)) {
    const drained = engine.drain(0)
    await clock.advance(60_000)
    await drained
  }
})

interface Setting {
  readonly attempt?: (claim: Claim) => Promise<Outcome> | Outcome
  readonly verdict?: (claim: Claim) => DeliveryVerdict
  readonly prefetch?: number
  /** Ms of the pause that the peer asks for. */
  readonly pause?: (claim: Claim) => number
  /** Ms until the claim may be tried, if it is postponed. */
  readonly postpone?: (claim: Claim) => number | null
  /** Whether the host has no free connection. */
  readonly crowded?: (claim: Claim) => boolean
  readonly limitsFor?: SchedulerSettings['limitsFor']
}

function setUp({
  attempt = () => done,
  verdict = () => 'worked',
  pause = () => 0,
  postpone = () => null,
  crowded = () => false,
  limitsFor,
  prefetch = 50,
}: Setting = {}) {
  const clock = createFakeClock()
  const queue = createFakeQueue(() => clock.now())
  const places = deliverySlots(clock)
  const bugs: unknown[] = []
  const troubles: string[] = []
  let running = 0
  let most = 0
  let notices = 0
  const agent = {
    attempt: async (claim: Claim): Promise<AttemptResult> => {
      most = Math.max(most, ++running)
      try {
        const postponeMs = postpone(claim)
        if (postponeMs !== null) return { outcomes: [], verdict: 'unused', pauseMs: 0, postponeMs }
        if (crowded(claim)) return { outcomes: [], verdict: 'crowded', pauseMs: 0, postponeMs: 30_000, isCalled: true }
        const outcome = await attempt(claim)
        return {
          outcomes: claim.recipients.map(({ recipientId }) => ({ recipientId, outcome })),
          verdict: verdict(claim),
          pauseMs: pause(claim),
        }
      } finally {
        running--
      }
    },
  }
  const engine = createDispatcher(
    {
      scheduler: { ...defaultSchedulerSettings, ...(limitsFor ? { limitsFor } : {}) },
      ...standardDispatcher,
      prefetch,
    },
    {
      queue,
      agent,
      clock,
      pool: new ConnectionPool(standardPool, clock),
      ...places,
      log: {
        bug: (error) => bugs.push(error),
        error: ({ cause }) => troubles.push(String(cause)),
        info: (_, message) => troubles.push(message),
      },
      noticesDue: () => notices++,
    },
  )
  engines.push({ engine, clock })
  return {
    clock,
    queue,
    engine,
    places,
    bugs,
    troubles,
    most: () => most,
    notices: () => notices,
    settle: () => turns(clock),
  }
}

/** Runs everything that is due now or within some milliseconds. */
async function turns(clock: { advance(ms: number): Promise<void> }) {
  for (let i = 0; i < 30; i++) await clock.advance(5)
}

const mails = (count: number, nextHop = hop) =>
  Array.from({ length: count }, (_, i) => ({ nextHop, to: [`r${i}@${nextHop.slice(3)}`] }))

describe('work', () => {
  it('delivers the backlog at the start', async () => {
    const { queue, engine, settle } = setUp()
    for (const mail of mails(200)) queue.add(mail)
    engine.start()
    await settle()
    expect(queue.count('delivered')).toBe(200)
    // Several messages for each round trip.
    expect(queue.calls.claim).toBeLessThan(30)
  })

  it('delivers claims of accepted messages without a request to the queue', async () => {
    const { queue, engine, settle } = setUp()
    engine.start()
    await settle()
    expect(engine.hasCapacity(hop)).toBe(true)
    for (const mail of mails(30)) engine.takeClaims(queue.addClaimed(mail))
    await settle()
    expect(queue.count('delivered')).toBe(30)
    expect(queue.calls.claim).toBe(0)
  })

  it('delivers messages that are queued later at once, with one claim per destination', async () => {
    const { queue, engine, settle } = setUp({ attempt: () => deferred('recipient', '4.2.1', 'later') })
    engine.start()
    await settle()
    for (let n = 0; n < 20; n++) queue.add({ nextHop: `mx:d${n}.example`, to: [`a@d${n}.example`] })
    await settle()
    expect(queue.count('deferred')).toBe(20)
    expect(queue.calls.claim).toBe(20)
  })

  it('does not loop if the queue returns nothing although mail is due', async () => {
    const { queue, engine, clock } = setUp()
    let claims = 0
    queue.claim = async () => {
      claims++
      return []
    }
    queue.add({ nextHop: hop, to: ['a@example.net'] })
    engine.start()
    await clock.advance(60_000)
    expect(claims).toBeGreaterThan(30)
    expect(claims).toBeLessThan(70)
  })

  it('tries an unreachable destination when the operator asks for it, and releases the claims of a suspended one', async () => {
    let up = false
    const gates: (() => void)[] = []
    const { queue, engine, settle } = setUp({
      attempt: () =>
        up ? new Promise((resolve) => gates.push(() => resolve(done))) : deferred('site', '4.4.1', 'nobody'),
      verdict: () => (up ? 'worked' : 'unreachable'),
    })
    for (const mail of mails(40)) queue.add(mail)
    engine.start()
    await settle()
    expect(queue.count('waiting')).toBeGreaterThan(30)
    up = true
    engine.retryDestination(hop)
    await settle()
    expect(gates).toHaveLength(5)
    expect(queue.count('claimed')).toBeGreaterThan(5)
    engine.releaseDestination(hop)
    await settle()
    expect(queue.count('claimed')).toBe(5)
    for (const open of gates) open()
  })

  it('notices within half a minute that a step of the wall clock made mail due', async () => {
    const { queue, engine, clock, settle } = setUp()
    queue.add({ nextHop: hop, to: ['a@example.net'], dueAt: clock.now() + 3_600_000 })
    engine.start()
    await settle()
    clock.set(clock.now() + 3_600_000)
    await clock.advance(31_000)
    await settle()
    expect(queue.state('a@example.net')).toBe('delivered')
  })

  it('respects the concurrency of the destination and increases it', async () => {
    const gates: (() => void)[] = []
    const attempt = () => new Promise<Outcome>((resolve) => gates.push(() => resolve(done)))
    const { queue, engine, settle, most } = setUp({ attempt })
    for (const mail of mails(300)) queue.add(mail)
    engine.start()
    await settle()
    expect(gates).toHaveLength(5)
    for (let round = 0; round < 150; round++) {
      for (const open of gates.splice(0)) open()
      await settle()
      if (queue.count('delivered') === 300) break
    }
    expect(queue.count('delivered')).toBe(300)
    expect(most()).toBe(20)
  })

  it('has no capacity if too many claims are held', async () => {
    const { queue, engine, settle } = setUp({ attempt: () => new Promise(() => undefined), prefetch: 3 })
    engine.start()
    await settle()
    for (const mail of mails(5 + 3)) {
      expect(engine.hasCapacity(hop)).toBe(true)
      engine.takeClaims(queue.addClaimed(mail))
    }
    expect(engine.hasCapacity(hop)).toBe(false)
    expect(engine.hasCapacity('mx:elsewhere.example')).toBe(true)
  })

  it('bounds the octets of buffered claims', async () => {
    const { queue, engine, settle } = setUp({ attempt: () => new Promise<Outcome>(() => {}), prefetch: 400 })
    engine.start()
    await settle()
    const megabyte = 'x'.repeat(2 ** 20)
    // Five run, sixteen reach the limit.
    for (let i = 0; i < 21; i++) {
      expect(engine.hasCapacity(hop)).toBe(true)
      engine.takeClaims(queue.addClaimed({ nextHop: hop, to: [`r${i}@example.net`], body: megabyte }))
    }
    expect(engine.hasCapacity(hop)).toBe(false)
    expect(engine.hasCapacity('mx:elsewhere.example')).toBe(false)
  })

  it('has no capacity before the start and after the drain', async () => {
    const { engine } = setUp()
    expect(engine.hasCapacity(hop)).toBe(false)
    engine.start()
    expect(engine.hasCapacity(hop)).toBe(true)
    void engine.drain(0)
    expect(engine.hasCapacity(hop)).toBe(false)
  })
})

describe('retries', () => {
  it('tries deferred recipients again when they are due', async () => {
    let down = true
    const { queue, engine, clock, settle } = setUp({
      attempt: () => (down ? deferred('message', '4.0.0', 'later') : done),
    })
    queue.add({ nextHop: hop, to: ['a@example.net'] })
    engine.start()
    await settle()
    expect(queue.attempts('a@example.net')).toBe(1)
    await clock.advance(200_000)
    expect(queue.attempts('a@example.net')).toBe(1)
    down = false
    await clock.advance(101_000)
    await settle()
    expect(queue.state('a@example.net')).toBe('delivered')
    expect(queue.attempts('a@example.net')).toBe(2)
  })

  it('pauses an unreachable destination, releases its claims, and does not delay the others', async () => {
    const attempt = ({ nextHop }: Claim) => (nextHop === hop ? deferred('site', '4.4.1', 'nobody') : done)
    const verdict = ({ nextHop }: Claim): DeliveryVerdict => (nextHop === hop ? 'unreachable' : 'worked')
    const { queue, engine, settle } = setUp({ attempt, verdict })
    for (const mail of mails(100)) queue.add(mail)
    for (const mail of mails(100, 'mx:live.example')) queue.add(mail)
    engine.start()
    await settle()
    expect(queue.count('delivered')).toBe(100)
    expect(queue.count('deferred')).toBeLessThanOrEqual(5)
    expect(queue.count('claimed')).toBe(0)
    expect(engine.hasCapacity(hop)).toBe(false)
    const [late] = mails(1)
    engine.takeClaims(queue.addClaimed({ ...late, nextHop: hop, to: ['late@example.net'] }))
    await settle()
    expect(queue.state('late@example.net')).toBe('waiting')
    expect(queue.attempts('late@example.net')).toBe(0)
  })

  it('reports that notices are due', async () => {
    const failed: Outcome = {
      kind: 'failed',
      scope: 'recipient',
      reply: '550 no',
      status: '5.1.1',
      host: null,
      tls: null,
    }
    const { queue, engine, settle, notices } = setUp({ attempt: () => failed })
    queue.add({ nextHop: hop, to: ['a@example.net'] })
    engine.start()
    await settle()
    expect(notices()).toBe(1)
  })
})

describe('errors of the node', () => {
  it('defer the message and are logged as bugs', async () => {
    const attempt = () => {
      throw new Error('a mistake')
    }
    const { queue, engine, bugs, settle } = setUp({ attempt })
    queue.add({ nextHop: hop, to: ['a@example.net'] })
    engine.start()
    await settle()
    expect(queue.outcomes('a@example.net')).toMatchObject([{ kind: 'deferred', status: '4.3.0' }])
    expect(bugs).toHaveLength(1)
  })

  it('keep an outcome until the queue records it; until then nothing is claimed', async () => {
    const { queue, engine, clock, troubles, settle } = setUp()
    engine.start()
    await settle()
    const claims = queue.addClaimed({ nextHop: hop, to: ['a@example.net'] })
    queue.failure = new QueueUnavailable('full', 'no space')
    engine.takeClaims(claims)
    await settle()
    expect(engine.hasCapacity(hop)).toBe(false)
    expect(troubles).toEqual(['no space'])
    await clock.advance(600_000)
    expect(queue.state('a@example.net')).toBe('claimed')
    expect(queue.calls.claim).toBe(0)
    queue.failure = null
    await clock.advance(31_000)
    await settle()
    expect(queue.state('a@example.net')).toBe('delivered')
    expect(engine.hasCapacity(hop)).toBe(true)
    expect(troubles.filter((text) => text === 'no space').length).toBeLessThanOrEqual(2)
    expect(troubles.at(-1)).toContain('delivery resumes')
  })

  it('pause delivery while claims fail, without a busy loop', async () => {
    const { queue, engine, clock, settle } = setUp()
    for (const mail of mails(10)) queue.add(mail)
    queue.failure = new QueueUnavailable('failing', 'EIO')
    engine.start()
    await clock.advance(60_000)
    expect(queue.calls.claim).toBeLessThan(100)
    queue.failure = null
    await clock.advance(5000)
    await settle()
    expect(queue.count('delivered')).toBe(10)
  })

  it('drop an outcome that the queue refuses, and log a bug', async () => {
    const { engine, clock, bugs, settle } = setUp()
    engine.start()
    await settle()
    const stranger = createFakeQueue(() => clock.now())
    engine.takeClaims(stranger.addClaimed({ nextHop: hop, to: ['a@example.net'] }))
    for (let second = 0; second < 5; second++) await settle().then(() => clock.advance(1000))
    expect(bugs).toHaveLength(1)
    expect(engine.hasCapacity(hop)).toBe(true)
  })

  it('set no timer while the queue is empty', async () => {
    const { engine, clock, settle } = setUp()
    engine.start()
    await settle()
    expect(clock.sleeping).toBe(0)
  })
})

describe('a peer that asks for a pause', () => {
  it('gets no message until then, and its claims are released', async () => {
    const later: Outcome = { ...done, kind: 'deferred', scope: 'session', retryAt: null }
    const { queue, engine, clock, settle } = setUp({ attempt: () => later, pause: () => 600_000 })
    for (const mail of mails(30)) queue.add(mail)
    engine.start()
    await settle()
    expect(queue.count('deferred')).toBe(5)
    expect(queue.count('waiting')).toBe(25)
    expect(engine.hasCapacity(hop)).toBe(false)
    const { claim } = queue.calls
    await clock.advance(590_000)
    await settle()
    expect(queue.calls.claim).toBe(claim)
    await clock.advance(20_000)
    await settle()
    expect(queue.calls.claim).toBe(claim + 1)
  })

  it('has no buffered claims if its rate is slow', async () => {
    const limitsFor = () => ({ intervalMs: 60_000 })
    const { queue, engine, clock, settle } = setUp({ limitsFor })
    for (const mail of mails(9)) queue.add(mail)
    engine.start()
    await settle()
    expect([queue.count('delivered'), queue.count('claimed')]).toEqual([1, 0])
    expect(engine.hasCapacity(hop)).toBe(false)
    await clock.advance(61_000)
    await settle()
    expect([queue.count('delivered'), queue.count('claimed')]).toEqual([2, 0])
  })
})

describe('hosts at a shared limit', () => {
  it('cost no attempt and delay no other destination; the message is sent when a slot is free', async () => {
    let full = true
    let asked = 0
    const postpone = ({ nextHop }: Claim) => {
      if (nextHop !== hop || !full) return null
      asked++
      return 1000
    }
    const { queue, engine, clock, settle } = setUp({ postpone })
    for (const mail of mails(30)) queue.add(mail)
    for (const mail of mails(30, 'mx:live.example')) queue.add(mail)
    engine.start()
    await settle()
    expect(queue.count('delivered')).toBe(30)
    expect(queue.count('waiting')).toBe(30)
    expect(asked).toBe(defaultSchedulerSettings.initialConcurrency)
    await clock.advance(800)
    expect(asked).toBe(defaultSchedulerSettings.initialConcurrency)
    full = false
    await clock.advance(300)
    await settle()
    expect(queue.count('delivered')).toBe(60)
    expect(queue.attempts('r0@example.net')).toBe(1)
  })
})

describe('a host that is full', () => {
  it('gets the next message when a delivery of the destination ends, without a release to the queue', async () => {
    const gates: (() => void)[] = []
    let running = 0
    const { queue, engine, settle } = setUp({
      crowded: () => running >= 2,
      attempt: () => {
        running++
        return new Promise((resolve) =>
          gates.push(() => {
            running--
            resolve(done)
          }),
        )
      },
    })
    for (const mail of mails(6)) queue.add(mail)
    engine.start()
    await settle()
    expect(gates).toHaveLength(2)
    for (let round = 0; round < 5; round++) {
      for (const open of gates.splice(0)) open()
      await settle()
    }
    expect(queue.count('delivered')).toBe(6)
    expect([queue.attempts('r5@example.net'), queue.calls.release]).toEqual([1, 0])
  })

  it('is waited for if no delivery of the destination runs, until a place is free', async () => {
    let full = true
    const { queue, engine, settle, places } = setUp({ crowded: () => full })
    places.waiting.add('host', hop)
    for (const mail of mails(3)) queue.add(mail)
    engine.start()
    await settle()
    expect(queue.count('waiting')).toBe(3)
    expect(engine.hasCapacity(hop)).toBe(false)
    full = false
    places.waiting.freed('host')
    await settle()
    expect(queue.count('delivered')).toBe(3)
  })
})

describe('reports to destinations that never reply', () => {
  it('hold a quarter of the slots: other mail is delivered, and reports to known destinations as well', async () => {
    const hangs = ({ nextHop }: Claim) => nextHop.startsWith('mx:tarpit')
    const { queue, engine, settle } = setUp({ attempt: (one) => (hangs(one) ? new Promise(() => undefined) : done) })
    queue.add({ nextHop: hop, to: ['first@example.net'] })
    engine.start()
    await settle()
    for (let i = 0; i < 210; i++)
      queue.add({ nextHop: `mx:tarpit-${i}.example`, to: [`a@tarpit-${i}.example`], sender: null })
    await settle()
    expect(queue.count('claimed')).toBe(50)
    queue.add({ nextHop: hop, to: ['known@example.net'], sender: null })
    queue.add({ nextHop: 'mx:new.example', to: ['new@new.example'] })
    queue.add({ nextHop: 'peers:srs', to: ['fleet@example.org'], sender: null })
    await settle()
    for (const address of ['known@example.net', 'new@new.example', 'fleet@example.org'])
      expect(queue.state(address)).toBe('delivered')
  })

  it('do not fill the buffer of claims when mail to unknown destinations has no slot', async () => {
    const { queue, engine, settle } = setUp({ attempt: () => new Promise(() => undefined) })
    engine.start()
    for (let i = 0; i < 120; i++) queue.add({ nextHop: `mx:tarpit-${i}.example`, to: [`a@tarpit-${i}.example`] })
    await settle()
    expect(engine.hasCapacity('mx:new.example')).toBe(false)
    expect(engine.hasCapacity('peers:srs')).toBe(true)
  })

  it('are delivered when their part is free again', async () => {
    const gates: (() => void)[] = []
    const attempt = () => new Promise<Outcome>((resolve) => gates.push(() => resolve(done)))
    const { queue, engine, settle } = setUp({ attempt })
    engine.start()
    for (let i = 0; i < 120; i++) queue.add({ nextHop: `mx:d${i}.example`, to: [`a@d${i}.example`], sender: null })
    await settle()
    expect(gates).toHaveLength(50)
    for (let round = 0; round < 4; round++) {
      for (const open of gates.splice(0)) open()
      await settle()
    }
    expect(queue.count('delivered')).toBe(120)
    expect(queue.attempts('a@d119.example')).toBe(1)
  })
})

describe('mail in the queue', () => {
  it('is not overtaken by new mail without limit', async () => {
    const { queue, engine, settle, clock } = setUp({ attempt: async () => (await clock.sleep(10), done) })
    for (const mail of mails(400)) queue.add(mail)
    engine.start()
    await settle()
    let overtook = 0
    for (let round = 0; queue.count('waiting') > 0; round++) {
      expect(round).toBeLessThan(500)
      for (let i = 0; i < 60 && engine.hasCapacity(hop); i++) {
        engine.takeClaims(queue.addClaimed({ nextHop: hop, to: [`new${overtook++}@example.net`] }))
      }
      await clock.advance(20)
    }
    expect(overtook).toBeGreaterThan(0)
    expect(overtook).toBeLessThanOrEqual(5000)
  })
})

describe('drain', () => {
  it('waits for running attempts and releases the other claims', async () => {
    let finish: (outcome: Outcome) => void = () => undefined
    const attempt = () => new Promise<Outcome>((resolve) => (finish = resolve))
    const { queue, engine, clock, settle } = setUp({ attempt })
    for (const mail of mails(9)) queue.add(mail)
    engine.start()
    await settle()
    expect(queue.count('claimed')).toBe(9)
    const drained = engine.drain(60_000)
    await settle()
    expect(queue.count('claimed')).toBe(5)
    expect(queue.count('waiting')).toBe(4)
    finish(done)
    await clock.advance(120_000)
    await drained
    expect(queue.count('delivered')).toBe(1)
    expect(queue.calls.claim).toBe(1)
  })

  it('repeats the release of claims until the queue records it', async () => {
    const { queue, engine, clock, settle } = setUp({ attempt: () => new Promise(() => undefined) })
    for (const mail of mails(9)) queue.add(mail)
    engine.start()
    await settle()
    queue.failure = new QueueUnavailable('failing', 'EIO')
    void engine.drain(60_000)
    await settle()
    expect(queue.count('claimed')).toBe(9)
    queue.failure = null
    await clock.advance(10_000)
    await settle()
    expect(queue.count('claimed')).toBe(5)
    expect(queue.attempts('r8@example.net')).toBe(0)
  })

  it('releases claims that arrive after its start', async () => {
    const { queue, engine, settle } = setUp()
    engine.start()
    await settle()
    void engine.drain(0)
    engine.takeClaims(queue.addClaimed({ nextHop: hop, to: ['a@example.net'] }))
    await settle()
    expect(queue.state('a@example.net')).toBe('waiting')
  })
})
