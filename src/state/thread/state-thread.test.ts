// The thread of the state: batches, order, its death, a disk that stands still, and the close.

import { execFileSync } from 'node:child_process'
import { closeSync, constants, mkdtempSync, openSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createFakeClock, type FakeClock } from '../../../test/lib/fake-clock.ts'
import { refuseThreads } from '../../../test/lib/no-threads.ts'
import { seeThreads } from '../../../test/lib/seen-threads.ts'
import { until } from '../../../test/lib/until.ts'
import { createNodeAccounts, type NodeAccounts } from '../account-store.ts'
import { createNodeBans } from '../ban-store.ts'
import { createStateThread, DEADLINE_MS, RESTART_MS, type StateThread } from './state-thread.ts'

const MOST_WAITING = 2000
const NOW = Date.UTC(2026, 10, 21)

let folder: string
let clock: FakeClock
let thread: StateThread
let accounts: NodeAccounts
let problems: (string | null)[]
let errors: unknown[]
let refused: number
let seen: ReturnType<typeof seeThreads>

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'state-thread-'))
  clock = createFakeClock()
  ;[problems, errors, refused] = [[], [], 0]
  seen = seeThreads()
  thread = createStateThread({
    clock,
    log: { error: (fields) => errors.push(fields) },
    places: { capacity: MOST_WAITING, refuse: () => refused++ },
  })
  accounts = createNodeAccounts(join(folder, 'accounts.db'), ports())
})
afterEach(async () => {
  await thread.close()
  seen.stop()
  rmSync(folder, { recursive: true })
})

const ports = () => ({
  channel: thread,
  changed: (problem: string | null) => problems.push(problem),
  setAside: () => undefined,
})
const limits = [{ measure: 'messages', window: 'hour', most: 50 }] as const
const take = () =>
  accounts.take({ claims: [{ account: 'user:kim', limits }], messages: 1, recipients: 1, domains: [], at: NOW })
const takeMany = async (count: number) => {
  const answers = await Promise.all(Array.from({ length: count }, take))
  return answers.map((answer) => (answer.kind === 'fits' ? answer.uses[0]?.used : answer.kind))
}
const endThread = () => seen.started.at(-1)?.terminate()

it('answers in the order of the requests, and keeps what it answered', async () => {
  expect(await takeMany(52)).toEqual([...Array.from({ length: 50 }, (_, i) => i + 1), 'over', 'over'])
  await accounts.close()
  accounts = createNodeAccounts(join(folder, 'accounts.db'), ports())
  expect(await take()).toMatchObject({ kind: 'over' })
  expect(seen.started).toHaveLength(1)
})

it('has no thread before the first request', async () => {
  expect(await accounts.news()).toEqual([])
  expect(seen.started).toHaveLength(0)
})

it('that dies fails what waits, says so, and is replaced after a second with its files', async () => {
  await take()
  const waiting = takeMany(3)
  await endThread()
  expect(await waiting).toEqual(['unavailable', 'unavailable', 'unavailable'])
  expect(accounts.problem).toBe('the state thread has ended')
  expect(errors).toEqual([{ cause: 'the state thread has ended' }])
  expect(await takeMany(1)).toEqual(['unavailable'])
  await clock.advance(RESTART_MS)
  expect(await takeMany(1)).toEqual([2])
  expect(problems).toEqual(['the state thread has ended', null])
})

it('that dies loses nothing that it answered', async () => {
  for (let turn = 1; turn <= 3; turn++) {
    const answered = await take()
    await endThread()
    await clock.advance(RESTART_MS)
    expect(answered).toMatchObject({ kind: 'fits', uses: [{ used: turn }] })
  }
})

it('that stands still is given up at the deadline; no other one starts before it has ended', async () => {
  // Opening a pipe for writing waits for a reader, as a system call on a dead disk does.
  const pipe = join(folder, 'bans.db')
  execFileSync('mkfifo', [pipe])
  const bans = createNodeBans({ path: pipe, capacity: 10 }, { ...ports(), refused: () => undefined })
  const stuck = bans.find({ ip: '192.0.2.1' }, NOW)
  // The request is on its way when the event loop has turned.
  await new Promise((resolve) => setImmediate(resolve))
  await clock.advance(DEADLINE_MS)
  expect(await stuck).toEqual({ kind: 'unavailable', cause: 'the state thread does not answer in 10 seconds' })
  await clock.advance(RESTART_MS)
  expect(await takeMany(1)).toEqual(['unavailable'])
  expect(seen.started).toHaveLength(1)
  const ended = new Promise((resolve) => seen.started[0]?.once('exit', resolve))
  const reader = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK)
  await ended
  closeSync(reader)
  rmSync(pipe)
  await until(async () => (await takeMany(1))[0] === 1, { what: 'another thread' })
  expect(await bans.find({ ip: '192.0.2.1' }, NOW)).toEqual({ kind: 'known', bans: [] })
})

it('has a bounded number of waiting requests', async () => {
  await take()
  const answers = await takeMany(MOST_WAITING + 5)
  expect([answers.filter((one) => one === 'unavailable').length, refused]).toEqual([5, 5])
  expect(await take()).toMatchObject({ kind: 'over' })
})

it('that the system does not start is a temporary problem', async () => {
  const start = refuseThreads()
  expect(await take()).toMatchObject({ kind: 'unavailable', cause: expect.stringContaining('cannot be started') })
  start()
  await clock.advance(RESTART_MS)
  expect(await takeMany(1)).toEqual([1])
})

it('answers what waits before it ends, and nothing after', async () => {
  const last = takeMany(3)
  await thread.close()
  expect(await last).toEqual([1, 2, 3])
  expect(await takeMany(1)).toEqual(['unavailable'])
  expect(errors).toEqual([])
})
