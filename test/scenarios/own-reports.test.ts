// DMARC aggregate reports of a whole mx node: what it verified on one day is sent on the next, signed, to the addresses of the record that
// consent, once; not to others.

import { join } from 'node:path'
import SqliteDatabase from 'better-sqlite3'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { readReport } from '../../src/reports/reading/read-report.ts'
import type { SmtpPeer } from '../lib/smtp-peer.ts'
import { until } from '../lib/until.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

let world: World
let mx: WholeNode
let collector: SmtpPeer
let stranger: SmtpPeer

beforeAll(async () => {
  world = await startWorld()
  const { zone } = world.dns
  const home = await world.destination('home.example')
  collector = await world.destination('collector.example')
  stranger = await world.destination('stranger.example')
  const rua = 'mailto:rua@collector.example!1m,mailto:victim@stranger.example,mailto:small@collector.example!100'
  zone.set('author.example', { TXT: ['v=spf1 ip4:127.0.0.0/8 -all'] })
  zone.set('_dmarc.author.example', { TXT: [`v=DMARC1; p=quarantine; rua=${rua}`] })
  zone.set('author.example._report._dmarc.collector.example', { TXT: ['v=DMARC1'] })
  zone.set('excepted.example', { TXT: ['v=spf1 ip4:127.0.0.0/8 -all'] })
  zone.set('_dmarc.excepted.example', { TXT: ['v=DMARC1; p=none; rua=mailto:rua@excepted.example'] })
  mx = await world.node({
    role: 'mx',
    mail: {
      domains: ['example.org'],
      transports: { 'kim@example.org': `smtp:[${String(zone.get('mx.home.example')?.A)}]:${world.mxPort}` },
    },
    yaml: {
      peers: { srs: ['127.0.0.1:2599'] },
      postmaster: 'kim@example.org',
      reports: {
        dmarc: ['dmarc-reports@example.org'],
        send: { from: 'dmarc-noreply@example.org', org: 'Example Org', except: ['excepted.example'] },
      },
    },
  })
  expect(home.messages).toEqual([])
})
afterAll(() => world.close())

const mail = (from: string) => `From: <${from}>\r\nSubject: x\r\n\r\nHello.\r\n`
/** The results as of a day ago. The node is stopped. */
function ageByADay(): void {
  const db = new SqliteDatabase(join(mx.data, 'reports.db'))
  for (const table of ['results', 'result_days']) db.exec(`UPDATE ${table} SET day = date(day, '-1 day')`)
  db.close()
}

it('are sent on the next day', async () => {
  for (const from of ['ann@author.example', 'ann@author.example', 'ann@excepted.example'])
    expect(await mx.send({ from, to: ['kim@example.org'], message: mail(from) })).toMatchObject({ kind: 'accepted' })
  await mx.send({ from: 'x@other.example', to: ['kim@example.org'], message: mail('ann@author.example') })
  await mx.emptied()
  await mx.stop()
  ageByADay()
  await mx.start()
  await until(async () => collector.messages.length === 1, { what: 'the report' })
  const [message] = collector.messages
  expect(message?.rcpts.join()).toContain('TO:<rua@collector.example>')
  expect(message?.mail).toContain('<>')
  const text = message?.data.toString('latin1') ?? ''
  expect(text).toMatch(/DKIM-Signature:.*d=example\.org/s)
  expect(text).toMatch(/Subject: Report Domain: author\.example\r\n Submitter: example\.org\r\n Report-ID: </)
  const report = await readReport(message?.data ?? Buffer.alloc(0), Date.now())
  expect(report).toMatchObject({
    kind: 'dmarc',
    format: 'rfc9990',
    org: 'Example Org',
    policy: { domain: 'author.example', p: 'quarantine', discovery: 'treewalk' },
  })
  const records = report.kind === 'dmarc' ? report.records : []
  expect(records.map(({ count, spf, disposition }) => ({ count, spf, disposition }))).toEqual([
    { count: 2, spf: true, disposition: 'pass' },
    { count: 1, spf: false, disposition: 'none' },
  ])
  expect(text).not.toContain('kim@')
})

it('are not sent twice, nor without consent', async () => {
  await mx.emptied()
  await mx.stop()
  const db = new SqliteDatabase(join(mx.data, 'reports.db'))
  expect(db.prepare('SELECT count(*) FROM result_days').pluck().get()).toBe(0)
  db.close()
  await mx.start()
  await mx.emptied()
  expect([collector.messages.length, stranger.messages.length]).toEqual([1, 0])
})
