// A client host: its programs send to loopback, everything goes to the mta nodes with the certificate of the host, and a dead mta is no
// obstacle.

import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { stringify } from 'yaml'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { keyFingerprint } from '../lib/accounts.ts'
import { runWaypost } from '../lib/run-waypost.ts'
import { type PeerMessage, type SmtpPeer, startSmtpPeer } from '../lib/smtp-peer.ts'
import { until } from '../lib/until.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

let world: World
let home: SmtpPeer
let far: SmtpPeer
let mta: WholeNode
let mx: WholeNode
let client: WholeNode

beforeAll(async () => {
  world = await startWorld()
  far = await world.destination('far.example')
  const address = world.newAddress()
  home = await startSmtpPeer({ host: address })
  const tls = { certificate: 'node.pem', key: 'node.key', ca: join(world.folder, 'ca.pem') }
  mx = await world.node({
    role: 'mx',
    yaml: { tls, peers: { srs: ['127.0.0.1:1'], mta: [{ host: '127.0.0.1', addresses: ['127.0.0.1/32'] }] } },
    mail: {
      domains: ['example.org'],
      users: { root: null },
      transports: { 'example.org': `smtp:[${address}]:${home.port}` },
    },
  })
  const dead = `${world.newAddress()}:9`
  client = await world.node({
    role: 'client',
    start: false,
    yaml: { tls, mail: [], dkim: undefined, srs: undefined, local_names: { rewrite: true } },
  })
  const certificate = readFileSync(join(dirname(client.config), 'node.pem'), 'utf8')
  const machines = join(world.folder, 'machines.yaml')
  const fingerprints = [`sha256:${keyFingerprint(certificate)}`]
  writeFileSync(machines, stringify({ machines: [{ name: 'web', fingerprints, senders: ['@example.org'] }] }))
  mta = await world.node({
    role: 'mta',
    listeners: ['submission'],
    yaml: { tls, machines, peers: { mx: [{ host: `${mx.address}:${mx.port}`, name: 'node-1.example.org' }] } },
  })
  const alive = { host: `${mta.address}:${mta.port}`, name: 'node-3.example.org' }
  client.configure({ peers: { mta: [dead, alive] } })
  await client.start()
})
afterAll(async () => {
  await world.close()
  await home.close()
})

const arrived = async (peer: SmtpPeer, about: string): Promise<PeerMessage> => {
  const found = () => peer.messages.find(({ data }) => data.includes(about))
  await until(() => found() !== undefined, { what: `${about} to arrive` })
  return found() as PeerMessage
}

async function send(from: string, to: readonly string[], header: string): Promise<void> {
  const session = await client.connect()
  await session.expect(null, '220')
  await session.expect('EHLO localhost', '250')
  await session.expect(`MAIL FROM:<${from}>`, '250')
  for (const one of to) await session.expect(`RCPT TO:<${one}>`, '250')
  await session.expect('DATA', '354')
  await session.expect(`${header}\r\n\r\nHello\r\n.`, '250')
  session.end()
}

it('carries mail of a host name to our domain and elsewhere, under the name of the organisation', async () => {
  await send('root', ['root', 'kim@far.example'], 'From: root (Cron Daemon)\r\nTo: root\r\nSubject: first')
  const own = await arrived(home, 'Subject: first')
  expect(own.mail).toMatch(/^MAIL FROM:<root@example\.org>/)
  expect(own.rcpts[0]).toMatch(/^RCPT TO:<root@example\.org>/)
  const text = own.data.toString()
  expect(text).toMatch(/^From: root@example\.org \(Cron Daemon\)\r$/m)
  expect(text).toMatch(/^To: root@example\.org\r$/m)
  expect(text).toMatch(/^X-Originating-Host: node-2\.example\.org; from=root \(Cron Daemon\)\r$/m)
  expect(text).toMatch(/^Message-ID: /m)
  const foreign = await arrived(far, 'Subject: first')
  expect(foreign.mail).toMatch(/^MAIL FROM:<root@example\.org>/)
  expect(foreign.data.toString()).toMatch(/^DKIM-Signature: /m)
})

it('rewrites the full name of the host too', async () => {
  await send('www@node-2.example.org', ['kim@far.example'], 'From: Web <www@node-2.example.org>\r\nSubject: second')
  const { mail, data } = await arrived(far, 'Subject: second')
  expect(mail).toMatch(/^MAIL FROM:<www@example\.org>/)
  expect(data.toString()).toContain('X-Originating-Host: node-2.example.org; from=Web <www@node-2.example.org>')
})

it('explains what happens to an incomplete address', async () => {
  const { status, stdout } = await runWaypost(['explain', 'root', '--from', 'www@localhost', '-c', client.config])
  expect(status).toBe(0)
  expect(stdout).toContain('root@example.org')
  expect(stdout).toContain('peers:mta')
})

it('names a change of the names, which needs a restart', async () => {
  client.configure({ local_names: { rewrite: true, hosts: ['db.example.org'] } })
  await client.reload()
  expect(client.log().join('\n')).toMatch(/restart.*local_names|local_names.*restart/)
})

it('returns mail that the mta refuses, through the mta', async () => {
  await send('kim@not-ours.example', ['kim@far.example'], 'From: kim@not-ours.example\r\nSubject: third')
  const refused = () => client.ledger().filter((event) => event.kind === 'failed')
  await until(() => refused().length > 0, { what: 'the refusal of the mta' })
  expect(refused()[0]).toMatchObject({ status: '5.7.1', class: 'policy' })
  // The DSN has the postmaster as its author, which this machine may use.
  await client.emptied()
  expect(mta.ledger().some((event) => event.kind === 'received' && event.sender === null)).toBe(true)
})

it('keeps the mail while every mta is down', async () => {
  await mta.stop()
  await send('root', ['root'], 'From: root\r\nSubject: fourth')
  const waits = () => client.ledger().filter((event) => event.kind === 'deferred')
  await until(() => waits().length > 0, { what: 'a deferred attempt' })
  await mta.start()
  await arrived(home, 'Subject: fourth')
  await client.emptied()
})
