// Reports at a whole mx node: gzip, zip and plain files are read once each, also over a kill; bombs and strangers' domains are held with the
// reason; a complaint finds its mail in the ledger; the commands show all of it.

import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BEGIN, complaintMail, dmarcRecord, dmarcXml, mailWithFile, tlsJson } from '../lib/report-samples.ts'
import { runWaypost } from '../lib/run-waypost.ts'
import type { SmtpPeer } from '../lib/smtp-peer.ts'
import { until } from '../lib/until.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'
import { zipOf } from '../lib/zip.ts'

const DMARC = 'dmarc-reports@example.org'
const TLS = 'tls-reports@example.org'
const ABUSE = 'abuse-reports@example.org'
/** The reports are of this year. */
const begin = BEGIN + Math.floor((Date.now() - BEGIN) / 86_400_000) * 86_400_000 - 86_400_000

let world: World
let mx: WholeNode
let copies: SmtpPeer

beforeAll(async () => {
  world = await startWorld()
  const { zone } = world.dns
  copies = await world.destination('home.example')
  for (const domain of ['reporter.example', 'provider.example']) {
    zone.set(domain, { TXT: ['v=spf1 ip4:127.0.0.0/8 -all'] })
    zone.set(`_dmarc.${domain}`, { TXT: ['v=DMARC1; p=reject'] })
  }
  mx = await world.node({
    role: 'mx',
    mail: {
      domains: ['example.org'],
      transports: { 'kim@example.org': `smtp:[${String(zone.get('mx.home.example')?.A)}]:${world.mxPort}` },
    },
    yaml: {
      peers: { srs: ['127.0.0.1:2599'] },
      postmaster: 'kim@example.org',
      reports: { dmarc: [DMARC], tls: [TLS], complaints: [ABUSE], forward_to: 'kim@example.org' },
    },
  })
})
afterAll(() => world.close())

const send = (to: string, message: string, from = 'dmarc@reporter.example') => mx.send({ from, to: [to], message })
const gz = (xml: string, from?: string) =>
  mailWithFile({
    type: 'application/gzip',
    name: 'reporter.example!example.org!1!2.xml.gz',
    content: gzipSync(xml),
    ...(from !== undefined && { from }),
  })
const report = async (...args: string[]) => {
  const { stdout } = await runWaypost(['report', ...args, '-c', mx.config, '--json'])
  return JSON.parse(stdout) as Record<string, unknown[]>
}
const held = () => mx.queue().filter(({ recipients }) => recipients.some(({ state }) => state === 'held'))

describe('a report', () => {
  it('is read whatever file it is in, once', async () => {
    const forged = dmarcRecord({ source: '203.0.113.9', count: 7, dkim: false, spf: false, disposition: 'reject' })
    await send(DMARC, gz(dmarcXml({ id: 'a', begin, records: [dmarcRecord(), forged] })))
    await send(DMARC, gz(dmarcXml({ id: 'a', begin, records: [dmarcRecord(), forged] })))
    const zip = zipOf('a.xml', Buffer.from(dmarcXml({ id: 'b', begin, format: 'rfc7489' })))
    await send(DMARC, mailWithFile({ type: 'application/zip', name: 'a.zip', content: zip }))
    const plain = Buffer.from(dmarcXml({ id: 'c', begin }))
    await send(`${DMARC.replace('@', '+tag@')}`, mailWithFile({ type: 'text/xml', name: 'a.xml', content: plain }))
    const day = new Date(begin).toISOString().slice(0, 10)
    const json = tlsJson({
      'date-range': { 'start-datetime': `${day}T00:00:00Z`, 'end-datetime': `${day}T23:59:59Z` },
    })
    await send(TLS, mailWithFile({ type: 'application/tlsrpt+gzip', name: 'a.json.gz', content: gzipSync(json) }))
    await mx.emptied()
    const dmarc = await report('dmarc', '--no-dns')
    expect(dmarc.reporters).toEqual([{ org: 'reporter.example', proven: 'reporter.example', reports: 3 }])
    expect(dmarc.sources).toEqual([
      expect.objectContaining({ source: '203.0.113.9', messages: 7, pass: 0, rejected: 7 }),
      expect.objectContaining({ source: '192.0.2.25', messages: 6, pass: 6, signers: ['example.org/s1'] }),
    ])
    expect(dmarc.days).toEqual([{ day, good: 6, bad: 7 }])
    expect((await report('tls')).failures).toEqual([
      expect.objectContaining({ resultType: 'certificate-expired', sessions: 3, mx: 'mx.example.org' }),
    ])
    await until(async () => copies.messages.length === 5, { what: 'the copies' })
  })

  it('is read once if the node is killed after its 250', async () => {
    await mx.stop('SIGKILL')
    await mx.start()
    for (let number = 0; number < 10; number++)
      await send(DMARC, gz(dmarcXml({ id: `kill-${number}`, org: 'killed', begin })))
    await mx.stop('SIGKILL')
    await mx.start()
    await mx.emptied()
    const { reporters } = await report('dmarc', '--no-dns')
    expect(reporters).toContainEqual({ org: 'killed', proven: 'reporter.example', reports: 10 })
  })

  it('is kept apart if nothing proves it', async () => {
    await send(DMARC, gz(dmarcXml({ id: 'forged', begin }), 'dmarc@forger.example'), 'a@forger.example')
    await mx.emptied()
    expect((await report('dmarc', '--no-dns')).leftOut).toBe(1)
    const { stdout } = await runWaypost(['report', 'dmarc', '-c', mx.config, '--no-dns', '--unproven'])
    expect(stdout).toContain('reporter.example (unproven) 1')
  })
})

describe('a message without a readable report', () => {
  it('is held with the reason, and read again after a release', async () => {
    const bomb = gzipSync(Buffer.alloc(80 * 2 ** 20))
    const message = mailWithFile({ type: 'application/gzip', name: 'a.xml.gz', content: bomb })
    expect(await send(DMARC, message)).toMatchObject({ kind: 'accepted' })
    await send(DMARC, gz(dmarcXml({ id: 'other', begin, domain: 'stranger.example' })))
    await until(async () => held().length === 2, { what: 'two messages on hold' })
    const reasons = held().map(({ recipients }) => recipients[0]?.hold?.reason)
    expect(reasons).toEqual([
      expect.stringContaining('unpacks to more than'),
      expect.stringContaining('about stranger.example, which is no domain of ours'),
    ])
    mx.configure({
      reports: { dmarc: [DMARC], tls: [TLS], complaints: [ABUSE], domains: ['stranger.example'] },
    })
    await mx.stop()
    await mx.start()
    await runWaypost(['queue', 'release', '-c', mx.config, ...held().map(({ queueId }) => queueId)])
    await until(async () => mx.queue().length === 1 && held().length === 1, { what: 'the bomb on hold again' })
    expect((await report('dmarc', '--no-dns')).policies).toContainEqual(
      expect.objectContaining({ domain: 'stranger.example', p: 'reject' }),
    )
    await runWaypost(['queue', 'remove', '-c', mx.config, ...held().map(({ queueId }) => queueId)])
    await mx.emptied()
  })
})

describe('a complaint', () => {
  it('finds the mail in the ledger, and is an event', async () => {
    const message = 'From: <dmarc@reporter.example>\r\nMessage-ID: <news-1@reporter.example>\r\n\r\nNews\r\n'
    await send('kim@example.org', message)
    await mx.emptied()
    const original = ['Message-ID: <news-1@reporter.example>', 'From: dmarc@reporter.example']
    await send(ABUSE, complaintMail({ original }), 'fbl@provider.example')
    await mx.emptied()
    const received = mx
      .ledger()
      .find((event) => event.kind === 'received' && event.messageId === '<news-1@reporter.example>')
    expect((await report('complaints')).complaints).toEqual([
      expect.objectContaining({
        provider: 'provider.example',
        feedbackType: 'abuse',
        account: 'internet',
        latest: expect.objectContaining({ original: received?.queueId }),
      }),
    ])
    expect(mx.ledger().filter(({ kind }) => kind === 'complained')).toEqual([
      expect.objectContaining({ queueId: received?.queueId, isProven: true, feedback: 'abuse' }),
    ])
  })
})
