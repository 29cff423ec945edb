import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import { sampleFleet, writeFleetFiles } from '../../test/lib/sample-fleet.ts'
import { until } from '../../test/lib/until.ts'
import type { Config } from '../config/config.ts'
import { type Authority, startAuthority, type Zone } from '../demo/authority.ts'
import { createStubResolver, stubDefaults } from '../dns/stub.ts'
import { planRecords } from '../published/plan-records.ts'
import { watchFleetDns } from './fleet-dns-watch.ts'

/** One address for each host, so that the small server of the demonstration can have all records. */
const FLEET = `domain: example.org
srs: { domain: forwards.example }
nodes:
  mail: { role: solo, addresses: [ 192.0.2.1 ] }
`

const CHECKED = 'waypost_dns_check_timestamp_seconds'

let folder: string
let authority: Authority
const lines: string[] = []

/** The planned records as the table of the server, with the servers of the zones. */
function zoneOf(): Zone {
  const zone: Record<string, Record<string, string[]>> = {}
  const records = planRecords(sampleFleet(folder, FLEET), [])
  for (const { name, type, data } of records) ((zone[name] ??= {})[type] ??= []).push(data.replace(/\.$/, ''))
  for (const apex of ['example.org', 'forwards.example', '2.0.192.in-addr.arpa'])
    zone[apex] = { ...zone[apex], NS: ['ns.example.org'] }
  zone['ns.example.org'] = { A: ['127.0.0.1'] }
  return zone as Zone
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'waypost-dns-watch-'))
  writeFleetFiles(folder)
  writeFileSync(join(folder, 'fleet.yaml'), FLEET)
  authority = await startAuthority(zoneOf())
  lines.length = 0
})
afterEach(async () => {
  await authority.close()
  rmSync(folder, { recursive: true, force: true })
})

function watch() {
  const clock = createFakeClock()
  const servers = [{ host: '127.0.0.1', port: authority.port }]
  const config = {
    data: folder,
    dns: { servers },
    dkim: null,
    dns_check: { fleet: join(folder, 'fleet.yaml'), every: 3_600_000, lists: false },
  } as unknown as Config
  const note = (level: string) => (fields: object, text?: string) =>
    void lines.push(`${level} ${text} ${JSON.stringify(fields)}`)
  const log = {
    warn: note('warn'),
    info: note('info'),
    bug: (error: unknown) => void lines.push(`bug ${String(error)}`),
  }
  const resolver = createStubResolver({ ...stubDefaults, servers })
  const ask = async () => ({ kind: 'busy', cause: 'not in this test' }) as const
  const made = watchFleetDns(config, { clock, resolver, ask, log, port: authority.port })
  if (!made) throw new Error('no watch')
  const metric = (name: string): Record<string, number> => {
    const values = made.metrics.find((one) => one.name === name)?.read() ?? []
    const read = values as readonly { readonly labels: { readonly severity?: string }; readonly value: number }[]
    return Object.fromEntries(read.map(({ labels, value }) => [labels.severity ?? '', value]))
  }
  /** Lets an hour pass, and waits for the end of the check. */
  const check = async () => {
    const before = metric(CHECKED)[''] ?? 0
    await clock.advance(3_600_000)
    await until(() => (metric(CHECKED)[''] ?? 0) > before, { what: 'the end of the check' })
  }
  return { ...made, clock, metric, check }
}

describe('the DNS of the fleet at a node', () => {
  test('is checked a minute after the start and then each hour; a change is logged once, with its end', async () => {
    const node = watch()
    expect(node.health.check()).toEqual({ kind: 'ok', note: 'not checked yet' })
    expect(node.metric('waypost_dns_findings')).toEqual({})
    await node.clock.advance(60_000)
    await until(() => node.metric('waypost_dns_findings')['error'] === 0, { what: 'the first check' })
    expect(node.health.check()).toMatchObject({ kind: 'ok' })
    const first = lines.length

    authority.zone.set('example.org', { ...authority.zone.get('example.org'), MX: ['10 old.example.org'] })
    await node.check()
    expect(node.metric('waypost_dns_findings')['error']).toBe(1)
    expect(node.health.check()).toEqual({
      kind: 'degraded',
      reason: 'the DNS has an error: example.org MX: found 10 old.example.org., expected 10 mail.example.org.',
    })
    await node.check()
    expect(lines.slice(first).filter((line) => line.startsWith('warn the DNS differs'))).toHaveLength(1)
    expect(Object.keys(JSON.parse(readFileSync(join(folder, 'dns-check.json'), 'utf8')).seen)).toContain(
      'different mx example.org MX',
    )

    authority.zone.set('example.org', { ...authority.zone.get('example.org'), MX: ['10 mail.example.org'] })
    await node.check()
    expect(lines.at(-1)).toMatch(/^info the DNS agrees with the fleet file again .*example.org MX/)
    expect(node.metric(CHECKED)['']).toBeGreaterThan(0)
    node.close()
    expect(lines.filter((line) => line.startsWith('bug'))).toEqual([])
  })

  test('is not compared while the fleet file is wrong, which is no reason to stop', async () => {
    const node = watch()
    writeFileSync(join(folder, 'fleet.yaml'), 'domain: 5\n')
    await node.check()
    await node.check()
    expect(node.health.check()).toMatchObject({
      kind: 'degraded',
      reason: expect.stringContaining('fleet.yaml:1:9: domain: found 5'),
    })
    expect(lines).toHaveLength(1)
    writeFileSync(join(folder, 'fleet.yaml'), FLEET)
    await node.check()
    expect(node.health.check()).toMatchObject({ kind: 'ok' })
    node.close()
  })
})

test('a node without dns_check does nothing', () => {
  const nothing = { warn: () => undefined, info: () => undefined, bug: () => undefined }
  const resolver = createStubResolver({ ...stubDefaults, servers: [{ host: '127.0.0.1', port: 1 }] })
  expect(
    watchFleetDns({ dns_check: null } as unknown as Config, {
      clock: createFakeClock(),
      resolver,
      ask: async () => ({ kind: 'busy', cause: '' }),
      log: nothing,
    }),
  ).toBeNull()
})
