// What accounts use: every window to its edge, the time at which it is free again, new domains, restarts and bounds.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import SqliteDatabase from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { directState } from '../../../test/lib/direct-state.ts'
import { createNodeAccounts, type NodeAccounts } from '../account-store.ts'
import { sentMail } from './sent-mail.ts'
import type { UsageLimit, UsageRequest } from '../usage-contract.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const NOW = Date.UTC(2026, 10, 21)
const KIM = 'user:kim'
const PHONE = 'user:kim (app phone)'

let folder: string
let path: string
let accounts: NodeAccounts
let problems: (string | null)[]
let aside: string[]

function open(): NodeAccounts {
  const made = createNodeAccounts(path, {
    channel: directState(),
    changed: (problem) => problems.push(problem),
    setAside: (file) => aside.push(file.path),
  })
  void made.open()
  return made
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'usage-'))
  path = join(folder, 'accounts.db')
  ;[problems, aside] = [[], []]
  accounts = open()
})
afterEach(async () => {
  await accounts.close()
  rmSync(folder, { recursive: true, force: true })
})

const perHour = (measure: UsageLimit['measure'], most: number): UsageLimit => ({ measure, window: 'hour', most })
const request = (limits: readonly UsageLimit[], change: Partial<UsageRequest> = {}): UsageRequest => ({
  claims: [{ account: KIM, limits }],
  messages: 1,
  recipients: 1,
  domains: ['far.example'],
  at: NOW,
  ...change,
})
const take = (limits: readonly UsageLimit[], change: Partial<UsageRequest> = {}) =>
  accounts.take(request(limits, change))
async function kinds(times: number, limits: readonly UsageLimit[], change: Partial<UsageRequest> = {}) {
  const found: string[] = []
  for (let i = 0; i < times; i++) found.push((await take(limits, change)).kind)
  return found
}

describe.each([
  ['burst', 5 * MINUTE, MINUTE],
  ['hour', HOUR, 5 * MINUTE],
  ['day', DAY, HOUR],
] as const)('a limit of the window %s', (window, length, step) => {
  const limits = [{ measure: 'messages', window, most: 3 }] as const

  it('holds until its units have left the window, at the time that the refusal says', async () => {
    expect(await kinds(4, limits)).toEqual(['fits', 'fits', 'fits', 'over'])
    const answer = await take(limits)
    const againAt = NOW + length + step
    expect(answer).toEqual({
      kind: 'over',
      use: { account: KIM, measure: 'messages', window, most: 3, used: 3 },
      againAt,
    })
    expect(await kinds(1, limits, { at: againAt - 1 })).toEqual(['over'])
    expect(await kinds(4, limits, { at: againAt })).toEqual(['fits', 'fits', 'fits', 'over'])
  })
})

describe('a limit', () => {
  it('is free in part when a part of the units has left', async () => {
    const limits = [perHour('recipients', 10)]
    await take(limits, { recipients: 6 })
    await take(limits, { recipients: 4, at: NOW + 30 * MINUTE })
    const at = NOW + 40 * MINUTE
    expect(await take(limits, { recipients: 6, at })).toMatchObject({ againAt: NOW + 65 * MINUTE })
    expect(await take(limits, { recipients: 7, at })).toMatchObject({ againAt: NOW + 95 * MINUTE })
    expect(await take(limits, { recipients: 11, at })).toMatchObject({ kind: 'over', againAt: null })
  })

  it('counts nothing of a message that does not fit, for any name of the client', async () => {
    const claims = [
      { account: KIM, limits: [perHour('messages', 10)] },
      { account: PHONE, limits: [perHour('messages', 1)] },
    ]
    expect(await take([], { claims })).toMatchObject({ kind: 'fits' })
    expect(await take([], { claims })).toMatchObject({ kind: 'over', use: { account: PHONE } })
    expect(await take([perHour('messages', 10)])).toMatchObject({ uses: [{ account: KIM, used: 2 }] })
  })

  it('is not touched by a question', async () => {
    const limits = [perHour('messages', 1)]
    expect(await accounts.judge(request(limits))).toMatchObject({ kind: 'fits' })
    expect(await take(limits)).toMatchObject({ kind: 'fits' })
    expect(await accounts.judge(request(limits))).toMatchObject({ kind: 'over' })
  })

  it('of failures lets messages wait when it is reached', async () => {
    const limits = [perHour('failures', 2)]
    await accounts.failed([KIM], NOW)
    expect(await take(limits)).toMatchObject({ kind: 'fits' })
    await accounts.failed([KIM], NOW)
    expect(await take(limits)).toMatchObject({ kind: 'over', againAt: NOW + 65 * MINUTE })
    expect(await take(limits, { claims: [{ account: 'user:lee', limits }] })).toMatchObject({ kind: 'fits' })
  })

  it('outlives a restart', async () => {
    await kinds(3, [perHour('messages', 3)])
    await accounts.close()
    accounts = open()
    expect(await take([perHour('messages', 3)], { at: NOW + 30 * MINUTE })).toMatchObject({ kind: 'over' })
  })
})

describe('new recipient domains', () => {
  const limits = [perHour('new_domains', 2)]

  it('are those to which the account has not written before', async () => {
    await take(limits, { domains: ['a.example', 'b.example'] })
    expect(await take(limits, { domains: ['a.example'] })).toMatchObject({ kind: 'fits' })
    expect(await take(limits, { domains: ['a.example', 'c.example'] })).toMatchObject({ kind: 'over' })
    expect(await take(limits, { domains: ['c.example'], at: NOW + 2 * HOUR })).toMatchObject({ uses: [{ used: 1 }] })
  })

  it('are new again after 90 days', async () => {
    await take(limits, { domains: ['a.example'] })
    const at = NOW + 91 * DAY
    for (let i = 0; i < 3; i++) await accounts.purge(at, Number.POSITIVE_INFINITY)
    expect(await take(limits, { domains: ['a.example'], at })).toMatchObject({ uses: [{ used: 1 }] })
  })

  it('are remembered up to a number; the one used longest ago gives way', async () => {
    const many = (from: number) => Array.from({ length: 2500 }, (_, i) => `d${from + i}.example`)
    for (const [index, from] of [0, 2500, 5000].entries()) await take([], { domains: many(from), at: NOW + index })
    const fresh = async (domain: string) =>
      (await accounts.judge(request([perHour('new_domains', 1)], { domains: [domain], at: NOW + 2 * HOUR }))).kind ===
      'fits'
        ? (await accounts.judge(request([perHour('new_domains', 0)], { domains: [domain], at: NOW + 2 * HOUR }))).kind
        : 'over'
    expect(await fresh('d0.example')).toBe('over')
    expect(await fresh('d7000.example')).toBe('fits')
  })
})

it('knows the account of each message for some weeks', async () => {
  await accounts.sent({ queueId: 'Q1', account: PHONE, at: NOW })
  expect(await accounts.senderOf('Q1')).toBe(PHONE)
  expect(await accounts.senderOf('Q2')).toBeNull()
  await accounts.purge(NOW + 31 * DAY, Number.POSITIVE_INFINITY)
  expect(await accounts.senderOf('Q1')).toBeNull()
})

it('remembers a bounded number of messages, the newest, with those of app passwords', () => {
  const db = new SqliteDatabase(path)
  const mail = sentMail(db, 3)
  for (let i = 0; i < 8; i++) mail.add({ queueId: `Q${i}`, account: i % 2 === 0 ? KIM : PHONE, at: NOW + i })
  expect(mail.of(KIM, { after: 0, limit: 10 }).map(({ queueId }) => queueId)).toEqual(['Q7', 'Q6', 'Q5'])
  expect(mail.of(KIM, { after: NOW + 6, limit: 10 }).map(({ queueId }) => queueId)).toEqual(['Q7'])
  expect(mail.of('user:kimberly', { after: 0, limit: 10 })).toEqual([])
  db.close()
})

it('defers while the file cannot be used, and sets a damaged one aside', async () => {
  await accounts.close()
  const real = path
  path = join(folder, 'missing', 'accounts.db')
  accounts = open()
  expect(await take([])).toMatchObject({ kind: 'unavailable', cause: expect.stringContaining('ENOENT') })
  expect(problems).toHaveLength(1)
  await accounts.close()
  path = real
  writeFileSync(path, 'no database at all, but long enough to be read as one'.repeat(50))
  accounts = open()
  expect(aside).toEqual([`${path}.damaged`])
  expect(await take([])).toMatchObject({ kind: 'fits' })
})
