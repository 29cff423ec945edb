// waypost status: of a running node, of a stopped one, and for a monitor.

import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type QueueNode, queueNode, runCommand } from '../../../test/lib/queue-command.ts'
import { sampleMessage } from '../../../test/lib/queue-samples.ts'
import { sampleStatus } from '../../../test/lib/sample-status.ts'
import type { NodeStatus } from '../../fleet-view/node-status.ts'
import { systemClock } from '../../lib/clock.ts'
import { startControl } from '../../node/control-socket.ts'
import { replaceFile } from '../../lib/replace-file.ts'
import { controlSocketPath, lastRunPath } from '../../wiring/node-paths.ts'
import type { NagiosLimits } from './nagios-line.ts'
import { status } from './status-command.ts'

const HOUR_MS = 3_600_000
const limits: NagiosLimits = { warnAgeMs: 4 * HOUR_MS, criticalAgeMs: 24 * HOUR_MS }
let node: QueueNode
let data: string
let closing: (() => Promise<void>)[]

beforeEach(() => {
  node = queueNode()
  data = join(node.folder, 'data')
  closing = []
})
afterEach(async () => {
  for (const close of closing) await close()
  await node.place.remove()
})

async function answering(answer: () => Promise<object>): Promise<void> {
  const log = { warn: () => undefined, bug: () => undefined }
  const requests = new Map([['status', answer]])
  const control = await startControl(controlSocketPath({ data }), { clock: systemClock, log, requests })
  closing.push(() => control.close())
}

const now = sampleStatus().at
const run = (options: object = {}) =>
  runCommand((io) => status({ config: node.config, nagios: null, now: () => now, ...options }, io))

describe('a running node', () => {
  it('is shown with its queue, rates and certificates', async () => {
    await answering(async () => sampleStatus())
    const { code, out, err } = await run()
    expect([code, err]).toEqual([0, ''])
    expect(out.split('\n')).toEqual([
      'mx-01.example.org  mx, release 0.1.0, up 2h (since 2026-11-20 22:00Z)',
      'health        ok',
      'queue         2 messages, the oldest 5m old, 1 held',
      '              1 for mx:far.example: next attempt in 1m',
      '                - mx.far.example[192.0.2.9]:25: 451 4.7.1 Try again',
      '                  \\u001b[31mlater',
      'last 5 min    7 received, 6 delivered, 1 deferred',
      'last hour     7 received, 6 delivered, 1 deferred',
      'reload        done 2026-11-20 23:00Z (1h ago); restart required for: peers',
      'certificate   tls expires 2027-01-20 00:00Z (60 days)',
      'bans          1 ban, 0 accounts on hold',
      '',
    ])
  })

  it('is shown with the reason and the first step of each problem, in 80 columns', async () => {
    const reason =
      'no srs node can be reached, failing since 2026-11-21T00:00:00.000Z: connect ECONNREFUSED 192.0.2.7:25'
    const checks: NodeStatus['health']['checks'] = {
      peers: { kind: 'degraded', reason },
      queue: { kind: 'failing', reason: `the file system is nearly full ${'x'.repeat(200)}` },
      tests: { kind: 'ok', note: 'in test mode: dnsbl' },
    }
    await answering(async () => sampleStatus({ health: { kind: 'failing', checks } }))
    const { code, out } = await run()
    expect(code).toBe(1)
    expect(out).toContain('peers degraded: no srs node can be reached, failing since\n')
    expect(out).toContain('  - run waypost check: it names the cause for each node\n')
    expect(out).toContain('docs/how-to/answer-alerts.md#peers\n')
    expect(out.indexOf('queue failing')).toBeLessThan(out.indexOf('peers degraded'))
    expect(out.split('\n').filter((line) => line.length > 80)).toEqual([])
  })

  it('is printed as JSON, with its state', async () => {
    await answering(async () => ({ ...sampleStatus(), news: 'a field of a later release' }))
    const { code, out } = await run({ json: true })
    expect(code).toBe(0)
    expect(JSON.parse(out)).toEqual({ state: 'running', ...sampleStatus() })
  })

  it('of another release, or with an answer that makes no sense, is unknown', async () => {
    await answering(async () => ({ ...sampleStatus(), version: 2 }))
    expect(await run()).toMatchObject({ code: 1, out: expect.stringContaining('another release') })
  })

  it('whose texts would move the cursor shows them escaped', async () => {
    const checks = { peers: { kind: 'degraded', reason: 'a\u001b[2Jb' } } as const
    await answering(async () => sampleStatus({ health: { kind: 'degraded', checks } }))
    expect((await run()).out).toContain('a\\u001b[2Jb')
  })
})

describe('a node that does not run', () => {
  it('is shown from its data directory', async () => {
    const queue = await node.open()
    await queue.accept(sampleMessage({ arrivedAt: now - 2 * HOUR_MS }), { claim: false })
    await queue.close()
    const stopped = { node: 'mx-01.example.org', role: 'mx', release: '0.1.0', startedAt: now - 9 * HOUR_MS }
    await replaceFile(lastRunPath({ data }), JSON.stringify({ ...stopped, stoppedAt: now - HOUR_MS }))
    const { code, out } = await run()
    expect(code).toBe(1)
    expect(out.split('\n')).toEqual([
      'mx-01.example.org  mx, release 0.1.0, not running',
      'last run      from 2026-11-20 15:00Z to 2026-11-20 23:00Z (1h ago): stopped in',
      '              order',
      'queue         1 message, the oldest 2h old; safe on disk until the start',
      '',
    ])
    await replaceFile(lastRunPath({ data }), JSON.stringify({ ...stopped, stoppedAt: null }))
    expect((await run()).out).toContain('it ended without a stop')
    expect(JSON.parse((await run({ json: true })).out)).toMatchObject({
      state: 'stopped',
      lastRun: { ...stopped, stoppedAt: null },
      queue: { messages: 1 },
    })
  })

  it('and never ran is said so', async () => {
    const { code, out } = await run({ data: join(node.folder, 'other') })
    expect(code).toBe(1)
    expect(out).toContain('not running')
    expect(out).toContain('no start is recorded')
  })
})

describe('for a monitor', () => {
  it('is one line with performance data, and the code of the worst', async () => {
    await answering(async () => sampleStatus())
    expect(await run({ nagios: limits })).toEqual({
      code: 0,
      err: '',
      out:
        'WAYPOST OK - mx-01.example.org (mx) 2 messages, the oldest 5m old' +
        ' | messages=2;;;0 oldest=300s;14400;86400;0 received_1h=7;;;0 rejected_1h=0;;;0 delivered_1h=6;;;0' +
        " deferred_1h=1;;;0 failed_1h=0;;;0 expired_1h=0;;;0 'tls_expires'=5184000s;1209600:;0:\n",
    })
  })

  it.each([
    [{ warnAgeMs: 300_000, criticalAgeMs: HOUR_MS }, sampleStatus(), 1],
    [{ warnAgeMs: 60_000, criticalAgeMs: 300_000 }, sampleStatus(), 2],
    [limits, sampleStatus({ draining: true }), 1],
    [limits, sampleStatus({ queue: null }), 2],
    [limits, sampleStatus({ health: { kind: 'degraded', checks: { dns: { kind: 'degraded', reason: 'a|b' } } } }), 1],
    [limits, sampleStatus({ health: { kind: 'failing', checks: { queue: { kind: 'failing', reason: 'full' } } } }), 2],
  ])('%# has its exit code', async (wanted, answer, code) => {
    await answering(async () => answer)
    const end = await run({ nagios: wanted })
    expect(end.code).toBe(code)
    expect(end.out.split('\n')).toHaveLength(2)
    expect(end.out.split('|')).toHaveLength(2)
  })

  it('is CRITICAL if the node does not run, and UNKNOWN if that cannot be found out', async () => {
    expect(await run({ nagios: limits })).toMatchObject({ code: 2, out: expect.stringMatching(/^WAYPOST CRITICAL - /) })
    const missing = await run({ config: join(node.folder, 'missing.yaml'), nagios: limits })
    expect(missing).toMatchObject({ code: 3, err: '', out: expect.stringMatching(/^WAYPOST UNKNOWN - /) })
  })
})
