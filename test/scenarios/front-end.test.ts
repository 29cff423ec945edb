// An mx behind another mail server, which connects from 127.0.0.2 and names its clients: with XCLIENT they are the clients in every respect,
// with XFORWARD they are in the ledger only.

import { afterAll, beforeAll, expect, it } from 'vitest'
import type { SmtpDialogue } from '../lib/smtp-dialogue.ts'
import type { SmtpPeer } from '../lib/smtp-peer.ts'
import { until } from '../lib/until.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

const FRONT = '127.0.0.2'
const RELAY = '127.0.0.3'
const CLIENT = '203.0.113.7'

let world: World
let srs: SmtpPeer
let node: WholeNode

beforeAll(async () => {
  world = await startWorld()
  srs = await world.destination('srs-01.example.org')
  const peers = { srs: [`mx.srs-01.example.org:${world.mxPort}`] }
  node = await world.node({ role: 'mx', start: false, yaml: { peers, limits: { unknown_recipients_per_ip: 3 } } })
  node.configure({
    listen: { smtp: { address: `${node.address}:${node.port}`, xclient: [FRONT], xforward: [RELAY] } },
  })
  await node.start()
})
afterAll(() => world.close())

async function from(localAddress: string): Promise<SmtpDialogue> {
  const client = await node.connect({ localAddress })
  await client.expect(null, '220')
  await client.expect('EHLO front.example.org', '250')
  return client
}

async function named(ip: string): Promise<SmtpDialogue> {
  const client = await from(FRONT)
  await client.expect(`XCLIENT ADDR=${ip} HELO=mail.sender.example`, '220')
  await client.expect('EHLO front.example.org', '250')
  return client
}

async function sendThrough(client: SmtpDialogue): Promise<void> {
  await client.expect('MAIL FROM:<ann@sender.example>', '250')
  await client.expect('RCPT TO:<kim@example.org>', '250')
  await client.expect('DATA', '354')
  await client.expect('Subject: x\r\n\r\nx\r\n.', '250')
  await client.expect('QUIT', '221')
}

const last = () => node.ledger().findLast((event) => event.kind === 'received')

it('receives the mail of a client that XCLIENT names as from that client', async () => {
  await sendThrough(await named(CLIENT))
  await node.emptied()
  const message = srs.messages.at(-1)?.data.toString() ?? ''
  expect(message).toContain(`[${CLIENT}]`)
  expect(message).toContain('mail.sender.example')
  expect(message).not.toContain(FRONT)
  expect(last()).toMatchObject({ remote: `unknown[${CLIENT}]`, helo: 'mail.sender.example' })
})

it('limits each of these clients alone', async () => {
  const harvester = await named('198.51.100.9')
  await harvester.expect('MAIL FROM:<eve@stranger.example>', '250')
  for (let guess = 0; guess < 3; guess++) await harvester.expect(`RCPT TO:<user${guess}@example.org>`, '550 5.1.1')
  await harvester.expect('RCPT TO:<kim@example.org>', '450 4.7.1')
  await sendThrough(await named(CLIENT))
  const refused = () => node.ledger().filter((event) => event.kind === 'rejected' && event.reply.startsWith('450'))
  await until(() => refused().length === 1, { what: 'the refusal in the ledger' })
  expect(refused()[0]).toMatchObject({ remote: 'unknown[198.51.100.9]', recipient: 'kim@example.org' })
})

it('records the client that XFORWARD names, and gives it no rights', async () => {
  const client = await from(RELAY)
  await client.expect(`XFORWARD NAME=mail.sender.example ADDR=${CLIENT} IDENT=4gXyZ`, '250')
  await sendThrough(client)
  await node.emptied()
  expect(last()).toMatchObject({
    remote: `unknown[${RELAY}]`,
    client: `mail.sender.example[${CLIENT}]`,
    clientQueueId: '4gXyZ',
    helo: 'front.example.org',
  })
  expect(srs.messages.at(-1)?.data.toString()).not.toContain(CLIENT)
})

it('offers neither to other hosts', async () => {
  const client = await from('127.0.0.4')
  await client.expect(`XCLIENT ADDR=${CLIENT}`, '500 5.5.2')
  await client.expect(`XFORWARD ADDR=${CLIENT}`, '500 5.5.2')
})
