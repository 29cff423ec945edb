// The store of reports: once each, space, age, and the sums that commands show.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BEGIN, dmarcRecord, dmarcXml, type DmarcSample, tlsJson } from '../../../test/lib/report-samples.ts'
import { openStateFile } from '../../state/sqlite/state-file.ts'
import { readDmarc } from '../reading/read-dmarc.ts'
import { readTls } from '../reading/read-tls.ts'
import type { Complaint } from '../report-content.ts'
import { openReportReader } from './report-access.ts'
import { reportFormat } from './report-format.ts'
import { type Arrival, createReportStore, type ReportStore } from './report-store.ts'

const DAY_MS = 86_400_000
const NOW = BEGIN + 2 * DAY_MS
const MANY = 1000
let folder: string
let db: ReturnType<typeof openStateFile>['db']
let store: ReportStore
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'waypost-reports-'))
  db = openStateFile(join(folder, 'reports.db'), reportFormat).db
  store = createReportStore(db)
})
afterEach(() => {
  db.close()
  rmSync(folder, { recursive: true })
})

const dmarc = (sample: DmarcSample = {}) => readDmarc(Buffer.from(dmarcXml(sample)), NOW)
const arrival = (changes: Partial<Arrival> = {}): Arrival => ({
  queueId: 'q1',
  receivedAt: NOW,
  proven: 'reporter.example',
  original: null,
  ...changes,
})
const complaint = (changes: Partial<Complaint> = {}): Complaint => ({
  kind: 'complaint',
  feedbackType: 'abuse',
  userAgent: 'Loop/1',
  sourceIp: null,
  reportedDomain: null,
  arrivedAt: null,
  incidents: 1,
  original: {
    messageId: '<1@example.org>',
    hops: [{ host: 'srs.example.org', queueId: 'ABCDEF' }],
    authorDomain: null,
  },
  ...changes,
})
const filter = { since: BEGIN, domain: null, unproven: false }
const read = <T>(look: (reader: NonNullable<ReturnType<typeof openReportReader>>) => T): T => {
  const reader = openReportReader(join(folder, 'reports.db'))
  if (!reader) throw new Error('no file')
  try {
    return look(reader)
  } finally {
    reader.close()
  }
}

describe('a report', () => {
  it('is stored once, unless another domain proves it', () => {
    const add = (changes?: Partial<Arrival>) => store.add(dmarc(), arrival(changes), MANY)
    expect(add()).toEqual({ kind: 'stored', isNew: true, removed: 0 })
    expect(add({ queueId: 'q2' })).toMatchObject({ isNew: false })
    expect(add({ proven: null })).toMatchObject({ isNew: true })
    expect(store.add(dmarc({ begin: BEGIN - DAY_MS }), arrival(), MANY)).toMatchObject({ isNew: true })
    expect(store.rows).toBe(3)
    expect(createReportStore(db).rows).toBe(3)
  })

  it('without proof gives way; others wait', () => {
    const two = [dmarcRecord(), dmarcRecord({ source: '192.0.2.26' })]
    store.add(dmarc({ id: 'old', records: two }), arrival({ proven: null, receivedAt: NOW - 1 }), 3)
    expect(store.add(dmarc({ id: 'new', records: two }), arrival(), 3)).toEqual({
      kind: 'stored',
      isNew: true,
      removed: 1,
    })
    expect(store.add(dmarc({ id: 'more', records: two }), arrival(), 3)).toEqual({ kind: 'full' })
    expect(store.rows).toBe(2)
    expect(read((reader) => reader.sources({ ...filter, unproven: true }, 10))).toHaveLength(2)
  })

  it('is removed by its age, with its rows', () => {
    store.add(dmarc(), arrival({ receivedAt: NOW - DAY_MS }), MANY)
    store.add(readTls(Buffer.from(tlsJson()), NOW), arrival({ receivedAt: NOW - DAY_MS }), MANY)
    store.add(complaint(), arrival({ receivedAt: NOW - DAY_MS, queueId: 'c' }), MANY)
    store.add(dmarc({ id: 'new' }), arrival(), MANY)
    expect(store.rows).toBe(5)
    expect(store.purge(NOW, NOW)).toBe(3)
    expect(store.rows).toBe(1)
    expect(db.prepare('SELECT count(*) FROM tls_failures').pluck().get()).toBe(0)
  })
})

describe('the sums', () => {
  it('of sources, days and policies', () => {
    const service = dmarcRecord({
      source: '198.51.100.1',
      count: 5,
      from: 'news.example.org',
      dkim: false,
      spf: false,
      disposition: 'quarantine',
      reason: '<reason><type>forwarded</type></reason>',
      results:
        '<dkim><domain>service.example</domain><selector>k</selector><result>pass</result></dkim><spf><domain>bounces.service.example</domain><result>pass</result></spf>',
    })
    store.add(dmarc({ records: [dmarcRecord(), service] }), arrival(), MANY)
    store.add(dmarc({ id: 'forged', domain: 'example.org' }), arrival({ proven: null }), MANY)
    read((reader) => {
      expect(reader.sources(filter, 10)).toEqual([
        {
          domain: 'news.example.org',
          source: '198.51.100.1',
          messages: 5,
          pass: 0,
          dkim: 0,
          spf: 0,
          quarantined: 5,
          rejected: 0,
        },
        {
          domain: 'example.org',
          source: '192.0.2.25',
          messages: 2,
          pass: 2,
          dkim: 2,
          spf: 2,
          quarantined: 0,
          rejected: 0,
        },
      ])
      expect(reader.marks({ domain: 'news.example.org', source: '198.51.100.1' }, filter)).toEqual({
        signers: ['service.example/k'],
        senders: ['bounces.service.example'],
        reasons: ['forwarded'],
      })
      expect(reader.days('dmarc', filter)).toEqual([{ day: '2026-11-28', good: 2, bad: 5 }])
      expect(reader.policies(filter)).toEqual([expect.objectContaining({ domain: 'example.org', p: 'reject' })])
      expect(reader.sources({ ...filter, domain: 'news.example.org' }, 10)).toHaveLength(1)
      expect(reader.sources({ ...filter, domain: 'ews.example.org' }, 10)).toEqual([])
      expect(reader.reporters('dmarc', { ...filter, domain: 'example.org', unproven: true })).toHaveLength(2)
      expect(reader.sources({ ...filter, since: NOW }, 10)).toEqual([])
    })
  })

  it('of TLS', () => {
    store.add(readTls(Buffer.from(tlsJson()), NOW), arrival(), MANY)
    read((reader) => {
      expect(reader.tlsPolicies(filter)).toEqual([{ domain: 'example.org', type: 'sts', successes: 40, failures: 3 }])
      expect(reader.tlsFailures(filter, 10)).toEqual([
        { domain: 'example.org', resultType: 'certificate-expired', mx: 'mx.example.org', sessions: 3, reason: null },
      ])
      expect(reader.days('tls', { ...filter, domain: 'example.org' })).toEqual([
        { day: '2026-11-28', good: 40, bad: 3 },
      ])
      expect(reader.reporters('tls', filter)).toEqual([{ org: 'Reporter', proven: 'reporter.example', reports: 1 }])
    })
  })

  it('of complaints, with the newest', () => {
    const original = { queueId: 'orig', account: 'user:kim' }
    store.add(complaint(), arrival({ queueId: 'c1', original }), MANY)
    store.add(complaint({ incidents: 2 }), arrival({ queueId: 'c2', receivedAt: NOW + 1, original }), MANY)
    expect(store.add(complaint(), arrival({ queueId: 'c2' }), MANY)).toMatchObject({ isNew: false })
    store.add(complaint(), arrival({ queueId: 'c3', proven: null }), MANY)
    expect(read((reader) => reader.complaints({ since: BEGIN, unproven: true }))).toEqual([
      expect.objectContaining({
        provider: 'reporter.example',
        isProven: true,
        account: 'user:kim',
        complaints: 3,
        latest: expect.objectContaining({ report: 'c2', original: 'orig' }),
      }),
      expect.objectContaining({ provider: 'Loop/1', isProven: false, complaints: 1 }),
    ])
    expect(read((reader) => reader.complaints({ since: BEGIN, unproven: false }))).toHaveLength(1)
  })
})

it('has no reader without a file', () => {
  expect(openReportReader(join(folder, 'other.db'))).toBeNull()
})

it('knows when the newest proven report of each kind arrived', () => {
  expect(store.newest()).toEqual({ dmarc: null, tls: null, complaint: null })
  store.add(dmarc(), arrival({ receivedAt: NOW }), MANY)
  store.add(dmarc({ id: 'other' }), arrival({ receivedAt: NOW + 9, proven: null }), MANY)
  store.add(readTls(Buffer.from(tlsJson()), NOW), arrival({ receivedAt: NOW + 1 }), MANY)
  store.add(complaint(), arrival({ queueId: 'c1', receivedAt: NOW + 2 }), MANY)
  store.add(complaint(), arrival({ queueId: 'c2', receivedAt: NOW + 3, proven: null }), MANY)
  expect(store.newest()).toEqual({ dmarc: NOW, tls: NOW + 1, complaint: NOW + 2 })
})
