// Alerts reach a webhook without the queue: health that stays wrong, its end, and the first refusal of a provider.

import { afterEach, beforeEach, expect, it } from 'vitest'
import { createFakeClock, type FakeClock } from '../../test/lib/fake-clock.ts'
import type { Config } from '../config/config.ts'
import type { Event } from '../observe/events.ts'
import type { Health } from '../observe/health-report.ts'
import { watchAlerts } from './alert-watch.ts'

interface Sent {
  readonly id: string
  readonly text: string
  readonly alert: Record<string, unknown>
}

let clock: FakeClock
let health: Health
let publish: (events: readonly Event[]) => void
let watch: ReturnType<typeof watchAlerts>
let sent: Sent[]
let isDown: boolean

beforeEach(() => {
  clock = createFakeClock()
  health = { kind: 'ok' }
  ;[sent, isDown] = [[], false]
  const config = {
    hostname: 'mx-01.example.org',
    alerts: { webhooks: ['ops'], after: 120_000, clear_after: 300_000 },
    webhooks: [
      { name: 'ops', events: [], timeout: 10_000, command: ['/bin/page'] },
      { name: 'other', events: [], timeout: 10_000, command: ['/bin/other'] },
    ],
  }
  watch = watchAlerts(config as unknown as Config, {
    queue: { subscribe: (listener) => void (publish = listener) },
    clock,
    log: { warn: () => undefined, info: () => undefined, error: () => undefined, bug: () => undefined },
    attempt: async ({ name }, body) => {
      expect(name).toBe('ops')
      if (isDown) return { kind: 'failed', cause: 'refused' }
      sent.push(JSON.parse(body) as Sent)
      return { kind: 'delivered' }
    },
  })
  watch?.start(async () => ({ kind: health.kind, checks: { peers: health } }))
})
afterEach(() => watch?.close())

/** Lets promises end. */
const settle = () => new Promise((resolve) => setImmediate(resolve))

it('sends a problem with its first step, and its end', async () => {
  health = { kind: 'degraded', reason: 'no srs node can be reached' }
  await clock.advance(60_000)
  expect(sent).toEqual([])
  await clock.advance(90_000)
  await settle()
  expect(sent[0]).toMatchObject({
    text: expect.stringMatching(
      /^mx-01\.example\.org: peers is degraded since .*: no srs node can be reached\. First step: /,
    ),
    alert: { name: 'peers', state: 'raised', how_to: 'docs/how-to/answer-alerts.md#peers' },
  })
  health = { kind: 'ok' }
  await clock.advance(330_000)
  await settle()
  expect(sent[1]).toMatchObject({ text: expect.stringContaining('is ok again'), alert: { state: 'cleared' } })
  await clock.advance(600_000)
  expect(sent).toHaveLength(2)
})

it('sends the first refusal of a provider as blocked, and its end after a day', async () => {
  const refusal = {
    kind: 'failed',
    at: clock.now(),
    queueId: 'x',
    attempt: 1,
    host: 'mx.far.example',
    reply: '550 blocked',
    status: '5.7.1',
    tls: null,
    class: 'blocked',
    scope: 'host',
  } as const
  publish([refusal, refusal])
  await settle()
  expect(sent[0]?.alert).toMatchObject({
    name: 'blocked far.example',
    how_to: 'docs/how-to/deal-with-a-blocked-address.md',
  })
  publish([refusal])
  await clock.advance(86_400_000 + 30_000)
  await settle()
  expect(sent.map(({ alert }) => alert['state'])).toEqual(['raised', 'cleared'])
})

it('keeps an alert while its target does not answer', async () => {
  isDown = true
  health = { kind: 'failing', reason: 'the disk is full' }
  await clock.advance(150_000)
  await settle()
  expect(sent).toEqual([])
  isDown = false
  await clock.advance(120_000)
  await settle()
  expect(sent.map(({ alert }) => [alert['name'], alert['level']])).toEqual([['peers', 'failing']])
})

it('says how old the last delivery is, and why a target takes none', async () => {
  const shown = async () => watch?.health.check()
  expect(await shown()).toEqual({ kind: 'ok', note: 'ops: no alert was delivered since the start' })
  health = { kind: 'failing', reason: 'the disk is full' }
  await clock.advance(150_000)
  await settle()
  await clock.advance(3 * 3_600_000 + 5000)
  expect(await shown()).toEqual({ kind: 'ok', note: 'ops: the last alert was delivered 3h ago' })
  isDown = true
  health = { kind: 'ok' }
  await clock.advance(315_000)
  await settle()
  expect(await shown()).toEqual({
    kind: 'ok',
    note: 'ops: the last alert was delivered 3h ago; the last attempt failed: refused',
  })
  await clock.advance(120_000)
  expect(await shown()).toEqual({
    kind: 'degraded',
    reason: expect.stringMatching(
      /^ops takes no alert for \dm: refused; the last alert was delivered 3h ago$/,
    ) as unknown as string,
  })
  isDown = false
  await clock.advance(600_000)
  await settle()
  expect(await shown()).toMatchObject({ kind: 'ok' })
  const results = Object.fromEntries(
    ((await watch?.metrics[0]?.read()) ?? []).map(({ labels, value }) => [labels?.['result'], value]),
  )
  expect(results).toMatchObject({ delivered: 2, 'given-up': 0, dropped: 0 })
  expect(results['failed']).toBeGreaterThan(1)
})
