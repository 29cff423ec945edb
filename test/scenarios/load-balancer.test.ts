// An srs node behind a load balancer, which connects from 127.0.0.2: the addresses of the headers decide, in admission, trace and ledger.

import { afterAll, beforeAll, expect, it } from 'vitest'
import { freePort } from '../lib/free-port.ts'
import { binaryHeader, binaryHeaderOf, textHeader } from '../lib/proxy-headers.ts'
import type { SmtpDialogue } from '../lib/smtp-dialogue.ts'
import type { SmtpPeer } from '../lib/smtp-peer.ts'
import { until } from '../lib/until.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

const MX = '203.0.113.7'
const STRANGER = '198.51.100.9'
const BALANCER = '127.0.0.2'

let world: World
let node: WholeNode
let far: SmtpPeer
let admin: number

beforeAll(async () => {
  world = await startWorld()
  far = await world.destination('far.example')
  admin = await freePort()
  const peers = { mx: [{ host: MX, addresses: [`${MX}/32`] }] }
  const yaml = { peers, admin: { listen: `127.0.0.1:${admin}` } }
  node = await world.node({ role: 'srs', start: false, yaml })
  node.configure({ listen: { smtp: { address: `${node.address}:${node.port}`, proxy: [BALANCER] } } })
  await node.start()
})
afterAll(() => world.close())

async function behind(header: string | Uint8Array): Promise<SmtpDialogue> {
  const client = await node.connect({ localAddress: BALANCER })
  client.write(header)
  return client
}

it('admits a peer by the address that the balancer names, and traces it', async () => {
  const client = await behind(binaryHeaderOf(MX))
  await client.expect(null, '220')
  await client.expect('EHLO mx.example.org', '250')
  await client.expect('MAIL FROM:<ann@sender.example>', '250')
  await client.expect('RCPT TO:<kim@example.org>', '250')
  await client.expect('DATA', '354')
  await client.expect('Subject: x\r\n\r\n.', '250')
  await client.expect('QUIT', '221')
  await node.emptied()
  expect(far.messages[0]?.data.toString()).toContain(`[${MX}]`)
  expect(far.messages[0]?.data.toString()).not.toContain(BALANCER)
})

it('refuses a stranger behind the balancer, under its own address', async () => {
  const client = await behind(textHeader(STRANGER))
  await client.expect(null, '554 5.7.1')
  await client.expect('QUIT', '221')
  await client.closed()
  const refusals = () => node.ledger().filter(({ kind }) => kind === 'rejected')
  await until(() => refusals().length === 1, { what: 'the refusal in the ledger' })
  expect(JSON.stringify(refusals())).toContain(STRANGER)
})

it('does not believe the header of a host that is no balancer', async () => {
  const client = await node.connect({ localAddress: '127.0.0.3' })
  client.write(textHeader(MX))
  await client.expect(null, '554 5.7.1')
  client.end()
})

it('answers health checks, and counts all headers', async () => {
  const mentions = () => [...node.log(), ...node.ledger().map((event) => JSON.stringify(event))]
  const check = await behind(binaryHeader({ command: 0, family: 0 }))
  await check.expect(null, '220')
  await check.expect('HELO localhost', '250')
  await check.expect('QUIT', '221')
  await check.closed()
  const bare = await behind(binaryHeader({ command: 0, family: 0 }))
  bare.reset()
  const bad = await behind('EHLO client.example.net\r\n')
  await bad.closed()
  expect(bad.received).toBe('')
  const ofBalancer = () => mentions().filter((line) => line.includes(BALANCER))
  await until(() => ofBalancer().length > 0, { what: 'the log line' })
  expect(ofBalancer()).toEqual([expect.stringContaining('connection closed: bad PROXY header')])
  const metrics = await (await fetch(`http://127.0.0.1:${admin}/metrics`)).text()
  expect(metrics).toContain('waypost_proxy_headers_total{result="client"} 2')
  expect(metrics).toContain('waypost_proxy_headers_total{result="malformed"} 1')
})
