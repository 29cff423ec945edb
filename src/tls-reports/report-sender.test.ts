// Days of results until their reports are sent or given up, with the real table.

import { gunzipSync } from 'node:zlib'
import { beforeEach, describe, expect, it } from 'vitest'
import { directState } from '../../test/lib/direct-state.ts'
import { createFakeClock, type FakeClock } from '../../test/lib/fake-clock.ts'
import { fakeResolver, type Zone } from '../../test/lib/fake-resolver.ts'
import { readTls } from '../reports/reading/read-tls.ts'
import { createTlsResultStore, type NodeTlsResults } from '../state/tls-result-store.ts'
import { createReportSender, type ReportSender, type SendResult } from './report-sender.ts'
import { collectResults, type ResultCollector } from './result-collector.ts'

const HOUR_MS = 3_600_000
const settings = {
  organization: 'Example',
  submitter: 'example.org',
  contact: 'tls@example.org',
  from: 'postmaster@example.org',
  hostname: 'mx.example.org',
}
const none = { type: 'no-policy-found', strings: [], mxHosts: [] } as const
const failure = {
  type: 'starttls-not-supported',
  sendingIp: '192.0.2.1',
  mxHost: 'mx.a.test',
  mxIp: '192.0.2.2',
  reason: null,
}

let clock: FakeClock
let zone: Zone
let store: NodeTlsResults
let collector: ResultCollector
let sender: ReportSender
let result: SendResult
let sent: string[]
let bodies: Buffer[]
let dropped: number

beforeEach(() => {
  clock = createFakeClock(Date.UTC(2026, 10, 21, 12))
  zone = { '_smtp._tls.a.test TXT': ['v=TLSRPTv1; rua=https://r.test/in'] }
  store = createTlsResultStore(
    { path: ':memory:', capacity: 5, share: 3 },
    { channel: directState(() => clock.monotonic()), changed: () => undefined, setAside: () => undefined },
  )
  dropped = 0
  collector = collectResults({ store, clock, written: (missed) => void (dropped += missed) })
  result = { kind: 'sent' }
  sent = []
  bodies = []
  sender = createReportSender(settings, {
    store,
    resolver: { resolve: (name, type) => fakeResolver(zone).resolve(name, type) },
    clock,
    log: { info: () => undefined, warn: () => undefined },
    mail: async ({ recipient, header }) => {
      sent.push(`${recipient} ${/^Subject: (.*)$/m.exec(header.toString())?.[1]}`)
      return result
    },
    post: async (url, packed) => {
      sent.push(url)
      bodies.push(packed)
      return result
    },
    ended: (how) => void sent.push(how),
  })
})

const note = (changes: object = {}) => collector.note({ domain: 'a.test', policy: none, failure: null, ...changes })
const pass = async (ms: number) => {
  await clock.advance(ms)
  await sender.run()
}

describe('a report', () => {
  it('is sent some hours after the end of its day, once, and is read by the reader of the mx', async () => {
    note()
    note()
    note({ failure })
    await clock.advance(5000)
    await pass(12 * HOUR_MS)
    expect(sent).toEqual([])
    await pass(5 * HOUR_MS)
    await pass(HOUR_MS)
    expect(sent).toEqual(['https://r.test/in', 'sent'])
    const report = readTls(gunzipSync(bodies[0] as Buffer), clock.now())
    expect(report).toMatchObject({
      org: 'Example',
      contact: 'tls@example.org',
      begin: Date.UTC(2026, 10, 21),
      policies: [
        {
          type: 'no-policy-found',
          domain: 'a.test',
          successes: 2,
          failures: 1,
          details: [{ resultType: 'starttls-not-supported', sendingIp: '192.0.2.1', mx: 'mx.a.test', count: 1 }],
        },
      ],
    })
    expect(store.size).toBe(0)
  })

  it('goes to each URI, and is repeated for a day where it fails', async () => {
    zone = { '_smtp._tls.a.test TXT': ['v=TLSRPTv1; rua=https://r.test/in,mailto:r@r.test'] }
    note()
    await clock.advance(5000)
    result = { kind: 'failed', cause: 'down' }
    for (let hour = 0; hour < 60; hour++) await pass(HOUR_MS)
    expect(sent.filter((one) => one === 'https://r.test/in')).toHaveLength(7)
    expect(sent.filter((one) => one.startsWith('r@r.test Report Domain: a.test Submitter: example.org'))).toHaveLength(
      7,
    )
    expect(sent.filter((one) => one === 'given-up')).toHaveLength(2)
    expect(store.size).toBe(0)
  })

  it('without a way is given up at once', async () => {
    note()
    await clock.advance(5000)
    result = { kind: 'refused', cause: 'no route' }
    await pass(20 * HOUR_MS)
    expect(sent).toEqual(['https://r.test/in', 'given-up'])
  })

  it('is not wanted without a record', async () => {
    zone = {}
    note()
    await clock.advance(5000)
    await pass(20 * HOUR_MS)
    expect([sent, store.size]).toEqual([[], 0])
  })

  it('waits a day for the DNS', async () => {
    zone = { '_smtp._tls.a.test TXT': 'unavailable' }
    note()
    await clock.advance(5000)
    await pass(20 * HOUR_MS)
    expect(store.size).toBe(1)
    zone = { '_smtp._tls.a.test TXT': ['v=TLSRPTv1; rua=https://r.test/in'] }
    await pass(HOUR_MS)
    expect(sent).toEqual(['https://r.test/in', 'sent'])
  })
})

it('a domain that invents failures fills its own part', async () => {
  for (const n of [1, 2, 3, 4, 5]) note({ failure: { ...failure, reason: `${n}` } })
  note({ domain: 'b.test' })
  await clock.advance(5000)
  expect([dropped, store.size]).toEqual([2, 4])
  for (const n of [1, 2]) note({ domain: `c${n}.test` })
  await collector.close()
  expect([dropped, store.size]).toEqual([3, 5])
})
