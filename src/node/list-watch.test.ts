// The DNS lists of a running node: counters, log lines and health.

import { Registry } from 'prom-client'
import { describe, expect, it } from 'vitest'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import { fakeResolver, type Zone } from '../../test/lib/fake-resolver.ts'
import { sampleList } from '../../test/lib/sample-dns-list.ts'
import { createMetrics } from '../observe/metrics.ts'
import { watchLists } from './list-watch.ts'

const KEY = 'secretkey123'
const lists = [sampleList(), sampleList({ name: 'keyed', zone: `${KEY}.keyed.example`, key: KEY })]

function watch(zone: Zone) {
  const clock = createFakeClock()
  const lines: string[] = []
  const log = {
    warn: (fields: object, message: string) => void lines.push(`${message}: ${JSON.stringify(fields)}`),
    info: (fields: object, message: string) => void lines.push(`${message}: ${JSON.stringify(fields)}`),
  }
  const watched = watchLists({ lists, timeoutMs: 1000 }, { resolver: fakeResolver(zone), clock, log })
  if (watched === null) throw new Error('no watch')
  return { clock, lines, watch: watched }
}

const good: Zone = {
  '2.0.0.127.bl.example A': ['127.0.0.2'],
  [`2.0.0.127.${KEY}.keyed.example A`]: ['127.0.0.2'],
  '7.100.51.198.bl.example A': ['127.0.0.2'],
}

describe('a node with lists', () => {
  it('tests them from its start on, counts their answers and is healthy', async () => {
    const { clock, lines, watch: watched } = watch({ ...good })
    expect(await watched.health.check()).toMatchObject({ kind: 'degraded' })
    await clock.advance(1)
    expect(await watched.health.check()).toEqual({ kind: 'ok' })
    const registry = new Registry()
    createMetrics(registry, { gauges: watched.metrics, process: false })
    for (let i = 0; i < 2; i++)
      await watched.lists.ask({ kind: 'address', value: '198.51.100.7' }, { ip: '198.51.100.7' })
    const page = await registry.metrics()
    expect(page).toContain('waypost_dnsbl_answers_total{list="bl",result="listed"} 2')
    expect(page).toContain('waypost_dnsbl_answers_total{list="keyed",result="not-listed"} 2')
    expect(page).toContain('waypost_dnsbl_available{list="bl",kind="ip4"} 1')
    expect(lines).toEqual([])
    watched.close()
    expect(clock.sleeping).toBe(0)
  })

  it('is degraded by a dead list, logs once, and logs when it is back; no text has its key', async () => {
    const zone: Zone = { ...good, [`2.0.0.127.${KEY}.keyed.example A`]: ['127.255.255.254'] }
    const { clock, lines, watch: watched } = watch(zone)
    await clock.advance(300_000)
    const health = await watched.health.check()
    expect(health).toEqual({
      kind: 'degraded',
      reason:
        'DNS lists are not asked: keyed (ip4): it answered 127.255.255.254: the question came through a public resolver',
    })
    expect(lines).toHaveLength(1)
    const page = new Registry()
    createMetrics(page, { gauges: watched.metrics, process: false })
    expect(await page.metrics()).toContain('waypost_dnsbl_available{list="keyed",kind="ip4"} 0')
    zone[`2.0.0.127.${KEY}.keyed.example A`] = ['127.0.0.2']
    await clock.advance(3_600_000)
    expect(await watched.health.check()).toEqual({ kind: 'ok' })
    expect(lines).toEqual([
      expect.stringMatching(/^a DNS list fails its test/),
      expect.stringMatching(/^a DNS list passes/),
    ])
    expect(JSON.stringify([health, lines, await page.metrics()])).not.toContain(KEY)
    watched.close()
  })
})
