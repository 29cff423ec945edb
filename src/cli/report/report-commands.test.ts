// waypost report dmarc, tls and complaints: what people see, advice, and empty stores.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runCommand } from '../../../test/lib/queue-command.ts'
import { BEGIN, dmarcRecord, dmarcXml, tlsJson } from '../../../test/lib/report-samples.ts'
import { readDmarc } from '../../reports/reading/read-dmarc.ts'
import { readTls } from '../../reports/reading/read-tls.ts'
import type { Report } from '../../reports/report-content.ts'
import { reportFormat } from '../../reports/store/report-format.ts'
import { createReportStore, type Arrival } from '../../reports/store/report-store.ts'
import { openStateFile } from '../../state/sqlite/state-file.ts'
import { dayChart } from './day-chart.ts'
import { reportComplaints } from './report-complaints.ts'
import { reportDmarc } from './report-dmarc.ts'
import { reportTls } from './report-tls.ts'
import { sourceAdvice } from './source-advice.ts'
import { tlsAdvice } from './tls-advice.ts'

/** Commands look at the days before now. */
const days = Math.ceil((Date.now() - BEGIN) / 86_400_000) + 2
let folder: string
let place: { readonly config: string; readonly data: string; readonly days: number; readonly dns: boolean }
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'waypost-report-'))
  mkdirSync(join(folder, 'data'))
  place = { config: join(folder, 'node.yaml'), data: join(folder, 'data'), days, dns: false }
})
afterEach(() => rmSync(folder, { recursive: true }))

function store(reports: readonly Report[], changes: Partial<Arrival> = {}): void {
  const { db } = openStateFile(join(folder, 'data', 'reports.db'), reportFormat)
  const known = { queueId: 'q', receivedAt: BEGIN, proven: 'reporter.example', original: null, ...changes }
  for (const [index, one] of reports.entries()) createReportStore(db).add(one, { ...known, queueId: `q${index}` }, 1000)
  db.close()
}
const dmarc = (xml: string) => readDmarc(Buffer.from(xml), BEGIN + 86_400_000)

describe('report dmarc', () => {
  it('shows sources, advice and the trend', async () => {
    const forged = dmarcRecord({
      source: '203.0.113.9',
      count: 7,
      dkim: false,
      spf: false,
      disposition: 'reject',
      results: '<spf><domain>x.example</domain><result>fail</result></spf>',
    })
    store([dmarc(dmarcXml({ records: [dmarcRecord({ count: 30 }), forged] }))])
    store([dmarc(dmarcXml({ id: 'forged' }))], { proven: null })
    writeFileSync(place.config, `role: mx\nhostname: mx.example.org\ndomain: example.org\ndata: data\nmail: []\n`)
    const { code, out, err } = await runCommand((io) => reportDmarc(place, io))
    expect(code).toBe(0)
    expect(err).toContain('our nodes are not marked')
    expect(out).toBe(
      [
        `DMARC, last ${days} days: 37 messages in our name, 81 % pass`,
        '1 report: reporter.example 1',
        '1 report without proof left out; see them with --unproven',
        'policies: example.org p=reject sp=reject np=reject adkim=r aspf=r fo=1 (found by treewalk)',
        '',
        'From: example.org',
        '  messages    pass    DKIM     SPF  source',
        '        30   100 %   100 %   100 %  192.0.2.25',
        '         7     0 %     0 %     0 %  203.0.113.9 (7 rejected)',
        '            nothing passes: a forgery, or a machine of ours that does not use the mta nodes; p=reject stops it',
        '',
        'messages by day: # pass, ! fail',
        `  2026-11-28  37  ${'#'.repeat(41)}${'!'.repeat(9)}`,
        '',
      ].join('\n'),
    )
  })

  it('marks our nodes by the configuration', async () => {
    const role = { listeners: { smtp: { port: 25, tls: 'none', admit: ['internet'] } } }
    const yaml = [
      'role: ./role.yaml',
      'hostname: mx.example.org',
      'domain: example.org',
      'data: data',
      'mail: [mail.yaml]',
      'peers: { srs: [{ host: srs.example.org, addresses: [192.0.2.0/24] }] }',
    ]
    writeFileSync(
      join(folder, 'role.yaml'),
      `role: test\nsummary: For tests\nlisteners: ${JSON.stringify(role.listeners)}\nchecks: []\nrecipients: { own: resolve, forwards: resolve, relay: [] }\nsrs: { reverse: false, rewrite: false }\nsign: never\ninternet: bounces\n`,
    )
    writeFileSync(join(folder, 'mail.yaml'), 'domains: [example.org]\n')
    writeFileSync(place.config, `${yaml.join('\n')}\n`)
    store([dmarc(dmarcXml({ records: [dmarcRecord({ dkim: false })] }))])
    const { out } = await runCommand((io) => reportDmarc({ ...place, json: true }, io))
    expect(JSON.parse(out).sources).toEqual([
      expect.objectContaining({ isOurs: true, advice: expect.stringContaining('a node of ours whose DKIM fails') }),
    ])
  })

  it('fails without reports, and without those of a domain', async () => {
    expect(await runCommand((io) => reportDmarc(place, io))).toMatchObject({
      code: 1,
      err: expect.stringContaining('no reports'),
    })
    store([dmarc(dmarcXml())])
    expect(await runCommand((io) => reportDmarc({ ...place, domain: 'other.example', json: true }, io))).toMatchObject({
      code: 1,
    })
  })
})

it('report tls shows policies, failures and the trend', async () => {
  expect(await runCommand((io) => reportTls(place, io))).toMatchObject({ code: 1 })
  store([readTls(Buffer.from(tlsJson()), BEGIN + 86_400_000)])
  expect(await runCommand((io) => reportTls({ ...place, domain: 'Example.org' }, io))).toEqual({
    code: 0,
    err: '',
    out: [
      `TLS, last ${days} days: 43 sessions to our mx nodes, 93 % good`,
      '1 report: Reporter (proven by reporter.example) 1',
      '',
      '      good      failed  policy',
      '        40           3  example.org (sts)',
      '',
      '    failed  failure',
      '         3  certificate-expired, example.org at mx.example.org',
      '            renew the certificate; the node takes new files by itself with `watch`',
      '',
      'sessions by day: # good, ! failed',
      `  2026-11-28  43  ${'#'.repeat(47)}!!!`,
      '',
    ].join('\n'),
  })
})

it('report complaints shows provider, origin and how to find the mail', async () => {
  expect(await runCommand((io) => reportComplaints(place, io))).toMatchObject({ code: 1 })
  const base = {
    kind: 'complaint',
    feedbackType: 'abuse',
    userAgent: null,
    sourceIp: null,
    reportedDomain: null,
    arrivedAt: null,
    incidents: 1,
  } as const
  const hops = [{ host: 'srs.example.org', queueId: 'ABCDEF' }]
  store([{ ...base, original: { messageId: '<1@a>', hops, authorDomain: 'example.org' } }])
  store(
    [
      { ...base, original: { messageId: null, hops: [], authorDomain: null } },
      { ...base, feedbackType: 'fraud', original: { messageId: null, hops: [], authorDomain: null } },
    ].slice(1),
    { proven: 'other.example', original: { queueId: 'orig', account: 'user:kim' } },
  )
  const { out } = await runCommand((io) => reportComplaints(place, io))
  // Both have the queue ID q0: the second one is known.
  expect(out).toBe(
    [
      `1 complaint in the last ${days} days`,
      '     1  abuse of reporter.example about mail of example.org',
      '        the newest: waypost trace ABCDEF, at srs.example.org; this ledger does not have it',
      '',
    ].join('\n'),
  )
})

describe('the advice', () => {
  const sum = {
    domain: 'example.org',
    source: '192.0.2.1',
    messages: 100,
    pass: 0,
    dkim: 0,
    spf: 0,
    quarantined: 0,
    rejected: 0,
  }
  const marks = { signers: [], senders: [], reasons: [] }
  it.each([
    [
      'one of our nodes without anything',
      sum,
      marks,
      true,
      'without an aligned result: add its address to SPF of example.org',
    ],
    ['one of our nodes without SPF but with DKIM', { ...sum, pass: 100, dkim: 100 }, marks, true, null],
    [
      'a service',
      sum,
      { ...marks, signers: ['s.example/k'], senders: ['s.example'] },
      false,
      'sends as s.example: if it is a service',
    ],
    ['a forward', sum, { ...marks, reasons: ['forwarded'] }, false, 'receivers see a forward or a mailing list'],
    ['what passes', { ...sum, pass: 99 }, marks, false, null],
  ])('about %s', (...[, of, found, isOurs, expected]) => {
    const text = sourceAdvice(of, found, isOurs)
    if (expected === null) expect(text).toBeNull()
    else expect(text).toContain(expected)
  })
  it('about a failure of TLS', () => {
    expect([tlsAdvice('tlsa-invalid'), tlsAdvice('toString')]).toEqual([expect.stringContaining('TLSA'), null])
  })
})

it('a chart has a mark for every number above zero', () => {
  expect(
    dayChart([
      { day: 'a', good: 1000, bad: 1 },
      { day: 'b', good: 0, bad: 0 },
    ]),
  ).toEqual([`a  1001  ${'#'.repeat(50)}!`, 'b     0'])
})
