// A digest is sent once a week: after a restart too, also if the node was killed between the mail and the note of it.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createFakeClock, type FakeClock } from '../../test/lib/fake-clock.ts'
import { sampleStatus } from '../../test/lib/sample-status.ts'
import { until } from '../../test/lib/until.ts'
import type { Config } from '../config/config.ts'
import { lastDue } from '../digest/digest-schedule.ts'
import type { Event } from '../observe/events.ts'
import type { NewMessage } from '../queue/contract/queue.ts'
import { type DigestPorts, watchDigest } from './digest-watch.ts'

const DAY_MS = 86_400_000
const settings = { to: 'ops@example.org', webhooks: ['ops'], day: 'monday', hour: 7, minute: 0 } as const
let data: string
let clock: FakeClock
let queued: string[]
let hooks: { targets: readonly string[]; key: string; body: string }[]
let problem: Error | null
let watch: ReturnType<typeof watchDigest>

beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'waypost-digest-'))
  clock = createFakeClock(Date.UTC(2026, 10, 25, 12))
  ;[queued, hooks, problem, watch] = [[], [], null, null]
})
afterEach(async () => {
  await watch?.close()
  rmSync(data, { recursive: true, force: true })
})

const file = () => join(data, 'digest.json')
const sent = () => (JSON.parse(readFileSync(file(), 'utf8')) as { sent: number }).sent

function start(): void {
  const ports: DigestPorts = {
    queue: {
      reader: {
        ledger: async function* () {},
        trace: async (subject: string) => ({
          events: queued.some((one) => one.includes(subject)) ? [{ kind: 'received' } as Event] : [],
          hasOlder: false,
        }),
      } as unknown as DigestPorts['queue']['reader'],
      accept: async (message: NewMessage) => {
        queued.push(message.header.toString())
        return []
      },
    },
    intake: {
      prepare: async ({ header }) => {
        if (problem) throw problem
        return { header } as unknown as NewMessage
      },
    },
    status: async () => sampleStatus(),
    fleet: null,
    webhooks: { send: async (targets, { key, body }) => void hooks.push({ targets, key, body }) },
    clock,
    log: { warn: () => undefined, info: () => undefined, error: () => undefined, bug: () => undefined },
  }
  const config = { data, hostname: 'mx-01.example.org', postmaster: 'postmaster@example.org', digest: settings }
  watch = watchDigest(config as unknown as Config, ports)
}

/** Lets a minute pass, and waits for what it began. */
async function minute(): Promise<void> {
  await clock.advance(60_000)
  await watch?.close()
  start()
}

const due = () => lastDue(settings, clock.now())

describe('the weekly digest', () => {
  it('is not sent for the first week, and once for each week after it', async () => {
    start()
    await minute()
    expect([sent(), queued.length]).toEqual([due(), 0])
    await clock.advance(7 * DAY_MS)
    await until(() => queued.length > 0, { what: 'the digest' })
    await minute()
    await minute()
    expect(sent()).toBe(due())
    expect(queued).toHaveLength(1)
    expect(queued[0]).toContain('To: <ops@example.org>\r\n')
    expect(hooks.map(({ targets, key }) => [targets, key])).toEqual([[['ops'], `digest mx-01.example.org ${due()}`]])
    expect(JSON.parse(hooks[0]?.body ?? '')).toMatchObject({ node: 'mx-01.example.org', text: expect.any(String) })
  })

  it('is tried again after a failure, and not queued twice after a kill', async () => {
    writeFileSync(file(), JSON.stringify({ sent: due() - 7 * DAY_MS }))
    problem = new Error('routing is unavailable')
    start()
    await minute()
    expect(sent()).toBe(due() - 7 * DAY_MS)
    problem = null
    await minute()
    expect([sent(), queued.length]).toEqual([due(), 1])
    // As if the node was killed before it noted the digest.
    writeFileSync(file(), JSON.stringify({ sent: due() - 7 * DAY_MS }))
    await minute()
    expect([sent(), queued.length]).toEqual([due(), 1])
  })

  it('is not sent for every week that a node was off', async () => {
    writeFileSync(file(), JSON.stringify({ sent: due() - 70 * DAY_MS }))
    start()
    await minute()
    await minute()
    expect(queued).toHaveLength(1)
  })
})
