// DANE and levels of TLS through a whole node: what is sent, what is deferred and why, and what `waypost tls` says about it.

import { createHash, X509Certificate } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { runWaypost } from '../lib/run-waypost.ts'
import type { SmtpPeer } from '../lib/smtp-peer.ts'
import { until } from '../lib/until.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

let world: World
let node: WholeNode
const peers = new Map<string, SmtpPeer>()

beforeAll(async () => {
  world = await startWorld()
  const { certificate: cert, key } = world.ca.issue({ names: ['anything.test'] })
  const { publicKey } = new X509Certificate(cert)
  const spki = publicKey.export({ type: 'spki', format: 'der' })
  const good = `3 1 1 ${createHash('sha256').update(spki).digest('hex')}`
  const wrong = `3 1 1 ${'00'.repeat(32)}`
  const secured = async (domain: string, record: string, tls: boolean) => {
    peers.set(domain, await world.destination(domain, tls ? { tls: { cert, key } } : {}))
    for (const name of [domain, `mx.${domain}`])
      world.dns.zone.set(name, { ...world.dns.zone.get(name), authentic: true })
    world.dns.zone.set(`_${world.mxPort}._tcp.mx.${domain}`, { TLSA: record, authentic: true })
  }
  await secured('good.example', good, true)
  await secured('wrong.example', wrong, true)
  await secured('clear.example', good, false)
  await secured('report.example', wrong, true)
  await secured('report-clear.example', good, false)
  await secured('bogus.example', good, true)
  world.dns.zone.set(`_${world.mxPort}._tcp.mx.bogus.example`, { fail: 'SERVFAIL' })
  peers.set(
    'keeping.example',
    await world.destination('keeping.example', { tls: { cert, key }, extensions: ['REQUIRETLS'] }),
  )
  for (const name of ['keeping.example', 'mx.keeping.example'])
    world.dns.zone.set(name, { ...world.dns.zone.get(name), authentic: true })
  world.dns.zone.set(`_${world.mxPort}._tcp.mx.keeping.example`, { TLSA: good, authentic: true })
  peers.set('bank.example', await world.destination('bank.example'))
  peers.set('plain.example', await world.destination('plain.example'))
  const forwards = Object.fromEntries([...peers.keys()].map((domain) => [domain.split('.')[0], `kim@${domain}`]))
  node = await world.node({
    role: 'srs',
    mail: { domains: ['example.org'], forwards },
    yaml: {
      delivery: { mx_port: world.mxPort, mandatory_tls: ['bank.example'] },
      queue: { minimal_backoff: '1m', maximal_backoff: '1m', min_free: '1M' },
    },
  })
})
afterAll(() => world.close())

/** The first end of an attempt for the recipient. */
async function attempt(name: string, message = 'Subject: Hello\r\n\r\nx\r\n') {
  const ends = () =>
    node
      .ledger()
      .filter((one) => ['delivered', 'deferred'].includes(one.kind) && one.recipient === `kim@${name}.example`)
  const before = ends().length
  await node.send({ to: [`${name}@example.org`], message })
  await until(() => ends().length > before, { what: `an attempt for ${name}` })
  return ends().at(-1)
}

it('sends to a host that its TLSA records verify, and records it', async () => {
  expect(await attempt('good')).toMatchObject({ kind: 'delivered', tls: { level: 'verified', policy: 'dane' } })
})

it.each([
  ['wrong', '4.7.5', { level: 'none', policy: 'dane', failure: 'certificate-not-trusted' }],
  ['clear', '4.7.4', { level: 'none', policy: 'dane', failure: 'starttls-not-supported' }],
  ['bogus', '4.7.5', { level: 'none', policy: 'dane', failure: 'dnssec-invalid' }],
])('defers mail to %s: %s', async (name, status, tls) => {
  expect(await attempt(name)).toMatchObject({ kind: 'deferred', status, tls })
  expect(peers.get(`${name}.example`)?.messages).toEqual([])
})

it('sends a message with TLS-Required: No all the same (RFC 8689), but not against the operator', async () => {
  const message = 'TLS-Required: No\r\nFrom: ann@sender.example\r\nSubject: Report\r\n\r\nx\r\n'
  expect(await attempt('report', message)).toMatchObject({
    kind: 'delivered',
    tls: { level: 'encrypted', policy: 'may' },
  })
  expect(await attempt('report-clear', message)).toMatchObject({ kind: 'delivered', tls: { level: 'none' } })
  expect(await attempt('bank', message)).toMatchObject({ kind: 'deferred', status: '4.7.4' })
  // The next message does not use the connection without a policy.
  expect(await attempt('report')).toMatchObject({ kind: 'deferred', status: '4.7.5' })
})

it('keeps REQUIRETLS where TLSA records verify the host and it offers the same, and fails elsewhere (RFC 8689)', async () => {
  const client = await node.connect()
  await client.expect(null, '220')
  await client.expect('EHLO c.example', '250')
  await client.expect('STARTTLS', '220')
  await client.startTls({ rejectUnauthorized: false })
  expect((await client.expect('EHLO c.example', '250')).text).toContain('REQUIRETLS')
  await client.expect('MAIL FROM:<ann@sender.example> REQUIRETLS', '250')
  for (const name of ['keeping', 'good', 'plain']) await client.expect(`RCPT TO:<${name}@example.org>`, '250')
  await client.expect('DATA', '354')
  await client.expect('From: ann@sender.example\r\nSubject: secret\r\n\r\nx\r\n.', '250')
  await client.expect('QUIT', '221')
  const failed = () => node.ledger().filter(({ kind }) => kind === 'failed')
  await until(() => failed().length === 2, { what: 'both failures' })
  expect(failed()).toEqual([
    expect.objectContaining({ status: '5.7.30' }),
    expect.objectContaining({ status: '5.7.30' }),
  ])
  await until(() => peers.get('keeping.example')?.messages.length === 1, { what: 'the mail to arrive' })
  expect(peers.get('keeping.example')?.messages[0]?.mail).toContain(' REQUIRETLS')
})

it.each([
  ['good.example', 0, /reached: TLSv1\.3, verified\n/],
  ['wrong.example', 1, /failed: 4\.7\.5 .*none of 1 TLSA records/],
  ['clear.example', 1, /failed: 4\.7\.4/],
  ['bogus.example', 1, /must not be used: 4\.7\.5 TLSA look-up/],
  ['plain.example', 0, /policy may: TLS if the host offers it\n.*reached: no TLS \(starttls-not-supported\)/],
  ['bank.example', 1, /delivery\.mandatory_tls: lists the domain/],
])('waypost tls test %s: exit code %i', async (domain, code, output) => {
  const run = await runWaypost(['tls', 'test', domain, '--config', node.config])
  expect(run.stdout).toMatch(output)
  expect(run.status).toBe(code)
})

it('waypost tls policy does not connect', async () => {
  const sessions = peers.get('wrong.example')?.sessions
  const run = await runWaypost(['tls', 'policy', 'wrong.example', '--json', '--config', node.config])
  expect(run.status).toBe(0)
  expect(JSON.parse(run.stdout)).toMatchObject({ usable: true, hosts: [{ policy: 'dane', mxSecure: true, tls: null }] })
  expect(peers.get('wrong.example')?.sessions).toBe(sessions)
})
