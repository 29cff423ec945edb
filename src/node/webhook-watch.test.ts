// Webhooks of a node with a command as the target: which events it gets, over kills, floods and a file that cannot be used.

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import SqliteDatabase from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { directState } from '../../test/lib/direct-state.ts'
import { createFakeClock, type FakeClock } from '../../test/lib/fake-clock.ts'
import { until } from '../../test/lib/until.ts'
import type { Config } from '../config/config.ts'
import type { AccountHeldEvent, Event } from '../observe/events.ts'
import type { Treatment } from '../privacy/treatment.ts'
import { MOST_WAITING, watchWebhooks, type WebhookWatch } from './webhook-watch.ts'

const NOW = Date.UTC(2026, 10, 21)
let folder: string
let clock: FakeClock
let ledger: Event[]
let tell: (events: readonly Event[]) => void
let watch: WebhookWatch
let data: string
let asked: unknown[]

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'webhooks-'))
  data = folder
  clock = createFakeClock(NOW)
  ;[ledger, asked] = [[], []]
})
afterEach(async () => {
  await watch.close()
  rmSync(folder, { recursive: true })
})

async function start(
  command: readonly string[] = ['/bin/sh', '-c', 'cat >> "$0"; echo >> "$0"', join(folder, 'got')],
  treatment: Treatment = 'keep',
) {
  const webhooks = [{ name: 'ops', events: ['account-held', 'banned'], timeout: 5000, command }]
  const privacy = { webhooks: { addresses: treatment, ips: treatment } }
  const found = watchWebhooks({ data, hostname: 'node.example.org', webhooks, privacy } as unknown as Config, {
    state: directState(() => clock.monotonic()),
    clock,
    hashKey: { current: () => Buffer.from('k') },
    queue: {
      subscribe: (listener) => {
        tell = listener
      },
      reader: {
        ledger: async function* (range: { since: number; kinds: string[] }) {
          asked.push(range)
          yield ledger.filter(({ at, kind }) => at >= range.since && range.kinds.includes(kind))
        },
      } as never,
    },
    log: { warn: () => undefined, info: () => undefined, error: () => undefined },
  })
  if (found === null) throw new Error('no target')
  watch = found
  await watch.start()
}

const held = (account: string): AccountHeldEvent => ({
  kind: 'account-held',
  at: clock.now(),
  queueId: null,
  account,
  by: 'node',
  reason: 'unusual',
  evidence: '',
})

/** Commits an event; without a listener, as before a kill. */
function commit(event: Event, isFollowed = true): void {
  ledger.push(event)
  if (isFollowed) tell([event])
}

interface Got {
  readonly id: string
  readonly node: string
  readonly text: string
  readonly event: AccountHeldEvent
}

const got = (): Got[] => {
  const file = join(folder, 'got')
  if (!existsSync(file)) return []
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Got)
}
const arrived = (count: number) => until(async () => got().length === count, { what: `${count} events` })
const counted = (result: string) =>
  until(
    async () =>
      (await watch.metrics[0]?.read())?.some(({ labels, value }) => labels['result'] === result && value > 0) ?? false,
    { what: `a webhook that is ${result}` },
  )
const waiting = async () => Number((await watch.metrics[1]?.read())?.[0]?.value)

describe('a target', () => {
  it('gets the chosen events, each with a sentence and an identity', async () => {
    await start()
    commit(held('user:kim'))
    commit({ ...held('user:kim'), kind: 'account-released' })
    await arrived(1)
    expect(got()).toMatchObject([
      {
        id: expect.stringMatching(/^[0-9a-f]{32}$/),
        node: 'node.example.org',
        text: 'put user:kim on hold by node: unusual',
        event: { kind: 'account-held', account: 'user:kim', at: NOW },
      },
    ])
  })

  it('does not get the names and addresses of people where the operator says so', async () => {
    await start(undefined, 'hash')
    commit(held('user:kim@example.org'))
    await arrived(1)
    const text = JSON.stringify(got())
    expect(text).not.toContain('kim')
    expect(text).toMatch(/put user:#[0-9a-f]{20}@example\.org on hold/)
  })

  it('gets what was committed just before a kill, and nothing twice', async () => {
    await start()
    commit(held('user:a'))
    await arrived(1)
    await counted('delivered')
    await clock.advance(5000)
    commit(held('user:b'), false)
    await watch.close()
    await clock.advance(3_600_000)
    await start()
    await arrived(2)
    expect(got().map(({ event }) => event.account)).toEqual(['user:a', 'user:b'])
  })

  it('gets no old news at its first start', async () => {
    ledger.push({ ...held('user:old'), at: NOW - 1 })
    await start()
    commit(held('user:new'))
    await arrived(1)
    expect([asked, got()[0]?.event.account]).toEqual([[], 'user:new'])
  })
})

describe('a target that fails', () => {
  it('keeps its events over a restart; health says so after a while', async () => {
    await start(['/bin/false'])
    commit(held('user:kim'))
    await counted('failed')
    expect(watch.health.check()).toEqual({ kind: 'ok' })
    for (let i = 0; i < 3; i++) {
      await clock.advance(5 * 60_000)
      await until(async () => (await waiting()) === 1, { what: 'the event to wait' })
    }
    expect(watch.health.check()).toEqual({ kind: 'degraded', reason: expect.stringMatching(/^ops fails: the command/) })
    await watch.close()
    await start()
    await arrived(1)
  })

  it('keeps a bounded number; the oldest are dropped, and health says so for an hour', async () => {
    await start(['/bin/false'])
    const many = Array.from({ length: MOST_WAITING + 3 }, (_, i) => held(`user:u${i}`))
    tell(many)
    expect(await waiting()).toBe(MOST_WAITING)
    expect(watch.health.check()).toEqual({ kind: 'degraded', reason: 'events for ops were dropped in the last hour' })
    const totals = await watch.metrics[0]?.read()
    expect(totals).toContainEqual({ labels: { target: 'ops', result: 'dropped' }, value: 3 })
  })
})

it('what the file could not take is read from the ledger when the file can be used again', async () => {
  await start()
  const other = new SqliteDatabase(join(folder, 'webhooks.db'))
  other.exec('BEGIN IMMEDIATE')
  await clock.advance(1000)
  commit(held('user:kim'))
  other.exec('ROLLBACK')
  other.close()
  // To the next look at the file, and no further: the time limit of the command is of the same clock.
  await clock.advance(59_000)
  await arrived(1)
  expect(watch.health.check()).toEqual({ kind: 'ok' })
})

it('a file that cannot be used is a matter of health, and no reason to stop', async () => {
  data = join(folder, 'later')
  await start()
  expect(watch.health.check()).toMatchObject({ kind: 'degraded', reason: expect.stringContaining('ENOENT') })
  commit(held('user:kim'))
  expect(got()).toEqual([])
})
