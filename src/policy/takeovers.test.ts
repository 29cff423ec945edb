// Simulated takeovers of accounts, with the real state, the real limits check and the real brake: slow, fast, and by a stolen app password.
// And what must not be taken for one: usual weeks, a newsletter that is announced, a holiday, a new colleague.

import { copyFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { mailFacts, runCheck, sampleSession } from '../../test/lib/check-facts.ts'
import { directState } from '../../test/lib/direct-state.ts'
import { createFakeClock, type FakeClock } from '../../test/lib/fake-clock.ts'
import type { Origin } from '../smtp/origin.ts'
import { announceMail, releaseAccount } from '../state/sqlite/account-access.ts'
import { createNodeAccounts, type NodeAccounts } from '../state/account-store.ts'
import { type BrakePoints, brakePoints, brakeSigns } from './brake-score.ts'
import type { Check } from './check.ts'
import { accountBrakeCheck, type BrakeSettings } from './checks/account-brake.ts'
import { accountLimitsCheck } from './checks/account-limits.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
/** A Monday, 00:00 UTC. */
const START = Date.UTC(2026, 10, 2)

const kim: Origin = { kind: 'user', identity: 'kim' }
const printer: Origin = { ...kim, app: 'printer' }
const OFFICE = '192.0.2.10'
const THIEF = '198.51.100.66'

let folder: string
let clock: FakeClock
let accounts: NodeAccounts
let limits: Check
let brake: Check
let settings: BrakeSettings
let tested: boolean

const usualSettings: BrakeSettings = {
  holdAt: 6,
  points: Object.fromEntries(brakeSigns.map((name) => [name, brakePoints[name].points])) as BrakePoints,
  newMail: 'hold',
  least: { user: { recipients: 20, newDomains: 5 }, machine: { recipients: 200, newDomains: 20 } },
}

/** The state after four usual weeks, which most tests begin with. */
let usual: string

beforeAll(async () => {
  ;[settings, tested] = [usualSettings, false]
  usual = mkdtempSync(join(tmpdir(), 'takeovers-'))
  begin(usual)
  for (const answer of await sendUsual(4)) if (answer !== null) throw new Error(answer)
  await accounts.close()
})
afterAll(() => rmSync(usual, { recursive: true, force: true }))

beforeEach(() => {
  ;[settings, tested] = [usualSettings, false]
  folder = mkdtempSync(join(tmpdir(), 'takeovers-'))
  begin(folder)
})

/** Begins with the state that the folder holds. */
function begin(where: string): void {
  clock = createFakeClock(START)
  accounts = createNodeAccounts(join(where, 'accounts.db'), {
    channel: directState(() => clock.monotonic()),
    changed: () => undefined,
    setAside: () => undefined,
  })
  limits = accountLimitsCheck(() => null, { usage: accounts, clock })
  const ports = { brake: accounts, clock, held: () => undefined, isTested: () => tested }
  brake = accountBrakeCheck(() => settings, ports)
}
afterEach(async () => {
  await accounts.close()
  rmSync(folder, { recursive: true, force: true })
})

interface Sent {
  readonly origin?: Origin
  readonly ip?: string
  readonly subject?: string
  readonly spam?: number
}

let serial = 0

/** Null if the message leaves; else why it is held or refused. */
async function send(recipients: readonly string[], { origin = kim, ip = OFFICE, subject, spam }: Sent = {}) {
  const session = sampleSession({ remoteIp: ip, origin })
  const judged = spam === undefined ? {} : { judged: { action: 'no action' as const, score: spam } }
  const mail = mailFacts(`Subject: ${subject ?? `Letter ${String.fromCodePoint(97 + (serial++ % 26))}${serial}`}`, {
    origin,
    session,
    recipients,
    ...judged,
  })
  await runCheck(limits, 'message', mail)
  const { quarantine, verdict } = await runCheck(brake, 'message', mail)
  return quarantine ?? (verdict.kind === 'accept' ? null : verdict.reply.cause)
}

/** Weeks of an office, from a copy: fifteen mails a working day from nine to five, most to the same twelve domains. */
function usualWeeks(): void {
  void accounts.close()
  for (const file of readdirSync(usual)) copyFileSync(join(usual, file), join(folder, file))
  begin(folder)
}

async function sendUsual(weeks: number, origin: Origin = kim): Promise<(string | null)[]> {
  const answers: (string | null)[] = []
  for (let day = 0; day < weeks * 7; day++) {
    if (day % 7 < 5)
      for (let mail = 0; mail < 15; mail++) {
        clock.set(START + day * DAY + 9 * HOUR + mail * 32 * MINUTE)
        const domain = mail === 0 ? `new-${day}.example` : `known-${mail % 12}.example`
        answers.push(await send([`person-${mail}@${domain}`], { origin }))
      }
    await accounts.purge(clock.now(), Number.POSITIVE_INFINITY)
  }
  return answers
}

/** Sends until the account is on hold; returns how many recipients got the message before. */
async function attack(
  step: (turn: number) => Promise<string | null>,
  each: number,
): Promise<{ left: number; why: string }> {
  for (let turn = 0; turn < 2000; turn++) {
    const why = await step(turn)
    if (why !== null) return { left: turn * each, why }
  }
  return { left: Number.POSITIVE_INFINITY, why: 'never' }
}

const strangers = (turn: number, count: number) =>
  Array.from({ length: count }, (_, i) => `victim@target-${turn}-${i}.example`)
const after = (days: number, hours = 10) => START + days * DAY + hours * HOUR

describe('a takeover', () => {
  it('that is fast stops within minutes, after at most a hundred recipients', async () => {
    usualWeeks()
    const { left, why } = await attack(async (turn) => {
      clock.set(after(28) + turn * 5000)
      return send(strangers(turn, 10), { ip: THIEF, subject: 'Your invoice' })
    }, 10)
    expect(left).toBeLessThanOrEqual(100)
    expect(clock.now() - after(28)).toBeLessThan(5 * MINUTE)
    expect(why).toMatch(
      /^account user:kim is on hold: unusual, score [\d.]+ of 6 \(by node\); .*RECIPIENTS.*NEW_DOMAINS.*NEW_NETWORK/,
    )
  })

  it('that is slow stops within a day', async () => {
    usualWeeks()
    const { left } = await attack(async (turn) => {
      clock.set(after(28, 1) + turn * 3 * MINUTE)
      return send(strangers(turn, 1), { ip: THIEF })
    }, 1)
    expect(left).toBeLessThanOrEqual(120)
    expect(clock.now() - after(28, 1)).toBeLessThan(DAY)
  })

  it('by a stolen app password stops the app password, and not its user', async () => {
    usualWeeks()
    for (let day = 0; day < 28; day++) {
      clock.set(START + day * DAY + 12 * HOUR)
      await send(['kim@example.org'], { origin: printer })
    }
    const { left, why } = await attack(async (turn) => {
      clock.set(after(28) + turn * MINUTE)
      return send(strangers(turn, 5), { origin: printer, ip: THIEF })
    }, 5)
    expect(left).toBeLessThanOrEqual(100)
    expect(why).toMatch(/^account user:kim \(app printer\) is on hold/)
    expect(await send(['friend@known-1.example'])).toBeNull()
    expect(await send(['kim@example.org'], { origin: printer })).toMatch(/on hold/)
  })

  it('whose mail the spam filter dislikes stops earlier', async () => {
    usualWeeks()
    const spam = await attack(async (turn) => {
      clock.set(after(28) + turn * MINUTE)
      return send(strangers(turn, 2), { ip: THIEF, spam: 9 })
    }, 2)
    expect(spam.left).toBeLessThanOrEqual(40)
    expect(spam.why).toContain('SPAM 4 (mean score 9.0 of')
  })

  it('that bounces stops at the failures', async () => {
    usualWeeks()
    const { why } = await attack(async (turn) => {
      clock.set(after(28) + turn * MINUTE)
      await accounts.failed(['user:kim'], clock.now())
      return send(strangers(turn, 2), { ip: THIEF })
    }, 2)
    expect(why).toContain('FAILURES 3 (')
  })

  it('that providers complain about stops at the complaints, each message and provider once', async () => {
    usualWeeks()
    const complain = (queueId: string, provider = 'mail.example') =>
      accounts.complained({ names: ['user:kim'], provider, queueId, at: clock.now() })
    clock.set(after(28))
    for (let again = 0; again < 10; again++) await complain('one')
    const { why } = await attack(async (turn) => {
      clock.set(after(28) + turn * MINUTE)
      if (turn < 5) await complain(`q${turn}`)
      return send(strangers(turn, 2), { ip: THIEF })
    }, 2)
    expect(why).toMatch(/COMPLAINTS 3 \([56] in a day\)/)
  })

  it('is not made by complaints alone, however many there are', async () => {
    usualWeeks()
    clock.set(after(28))
    for (let message = 0; message < 300; message++)
      await accounts.complained({
        names: ['user:kim'],
        provider: 'foe.example',
        queueId: `q${message}`,
        at: clock.now(),
      })
    expect(await send(['person-1@known-1.example'])).toBeNull()
  })

  it('at night counts as unusual', async () => {
    usualWeeks()
    const { why } = await attack(async (turn) => {
      clock.set(after(28, 2) + turn * MINUTE)
      return send(strangers(turn, 5), { ip: THIEF })
    }, 5)
    expect(why).toContain('UNUSUAL_HOUR 1 (0 % of its messages)')
  })
})

describe('no takeover', () => {
  it('are usual weeks, a journey, and a busy week after a holiday', async () => {
    expect((await sendUsual(2)).filter((one) => one !== null)).toEqual([])
    for (let mail = 0; mail < 60; mail++) {
      clock.set(after(28) + mail * 8 * MINUTE)
      expect(await send([`person@known-${mail % 12}.example`], { ip: '203.0.113.9' })).toBeNull()
    }
  })

  it('is a new colleague with fifty mails on the first day', async () => {
    for (let mail = 0; mail < 50; mail++) {
      clock.set(after(0, 9) + mail * 8 * MINUTE)
      expect(await send([`person@firm-${mail % 25}.example`])).toBeNull()
    }
  })

  it('is a newsletter that was announced', async () => {
    usualWeeks()
    clock.set(after(28))
    const sendAll = async (first = 0) => {
      const answers: (string | null)[] = []
      for (let turn = first; turn < first + 40; turn++) {
        clock.set(clock.now() + 10_000)
        answers.push(await send(strangers(turn, 25), { subject: 'News of November' }))
      }
      return answers.filter((one) => one !== null).length
    }
    announceMail(join(folder, 'accounts.db'), {
      account: 'user:kim',
      recipients: 1200,
      until: clock.now() + DAY,
      by: 'root',
      reason: '',
    })
    expect(await sendAll()).toBe(0)
    // One that was not announced stops.
    clock.set(after(31))
    expect(await sendAll(40)).toBeGreaterThan(25)
  })
})

describe('an account on hold', () => {
  const stop = async () => {
    usualWeeks()
    clock.set(after(28))
    await attack((turn) => send(strangers(turn, 10), { ip: THIEF }), 10)
  }

  it('stays on hold over a restart; a release begins the day again', async () => {
    await stop()
    await accounts.close()
    accounts = createNodeAccounts(join(folder, 'accounts.db'), {
      channel: directState(() => clock.monotonic()),
      changed: () => undefined,
      setAside: () => undefined,
    })
    const ports = { brake: accounts, clock, held: () => undefined, isTested: () => tested }
    brake = accountBrakeCheck(() => settings, ports)
    expect(await send(['friend@known-1.example'])).toMatch(/on hold/)
    clock.set(clock.now() + HOUR)
    expect(
      releaseAccount(join(folder, 'accounts.db'), 'user:kim', {
        at: clock.now(),
        name: 'root',
        reason: 'new password',
      }),
    ).toBe(true)
    expect(await send(['friend@known-1.example'])).toBeNull()
  })

  it('is refused for now where the configuration says so', async () => {
    await stop()
    settings = { ...settings, newMail: 'refuse' }
    const facts = {
      session: sampleSession({ origin: kim }),
      origin: kim,
      sender: 'kim@example.org',
      parameters: {} as never,
    }
    expect(await runCheck(brake, 'mail', facts)).toMatchObject({ verdict: { reply: { code: 450, enhanced: '4.7.1' } } })
  })

  it('is not made in test mode, which records what would be refused; one that stands acts', async () => {
    tested = true
    await stop()
    expect(await accounts.holds(['user:kim'])).toEqual({ kind: 'known', holds: [] })
    const mail = mailFacts('Subject: x', {
      origin: kim,
      session: sampleSession({ origin: kim }),
      recipients: ['a@b.example'],
    })
    expect(await runCheck(brake, 'message', mail)).toMatchObject({ verdict: { kind: 'defer', testable: true } })
    await accounts.hold({ account: 'user:kim', at: clock.now(), by: 'root', reason: 'leak', evidence: '' })
    expect(await runCheck(brake, 'message', mail)).toMatchObject({
      verdict: { kind: 'accept' },
      quarantine: expect.stringContaining('leak'),
    })
  })

  it('that cannot be read defers mail', async () => {
    await accounts.close()
    expect(await send(['friend@known-1.example'])).toMatch(/closed/)
  })
})
