// Postmaster and abuse are answered by every role that takes mail (RFC 5321 4.5.1, RFC 2142): also as `<Postmaster>`, at the name of the
// node, if the postmaster has an address in another domain, and without an entry.

import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

let world: World
let mx: WholeNode

beforeAll(async () => {
  world = await startWorld()
  // No client of this test is a peer.
  const peers = { srs: [{ host: world.newAddress(), addresses: ['192.0.2.1/32'] }] }
  mx = await world.node({ role: 'mx', yaml: { peers, postmaster: 'ops@far.example' } })
})
afterAll(() => world.close())

it('is accepted if the postmaster is in another domain, without relaying to that domain', async () => {
  const client = await mx.connect()
  await client.expect(null, '220')
  await client.expect('EHLO mta.stranger.example', '250')
  await client.expect('MAIL FROM:<ann@stranger.example>', '250')
  await client.expect('RCPT TO:<Postmaster>', '250 2.1.5')
  await client.expect('RCPT TO:<postmaster@example.org>', '250 2.1.5')
  await client.expect('RCPT TO:<ops@far.example>', '554 5.7.1')
  client.end()
})

/** The codes of RCPT for these addresses. */
async function answers(node: WholeNode, recipients: readonly string[]): Promise<number[]> {
  const client = await node.connect()
  await client.expect(null, '220')
  await client.expect('EHLO mta.stranger.example', '250')
  await client.expect('MAIL FROM:<ann@stranger.example>', '250')
  const codes: number[] = []
  for (const recipient of recipients) {
    client.send(`RCPT TO:<${recipient}>`)
    codes.push((await client.reply()).code)
  }
  client.end()
  return codes
}

const roleAddresses = (node: WholeNode) => {
  const host = /hostname: (\S+)/.exec(readFileSync(node.config, 'utf8'))?.[1]
  return ['Postmaster', 'postmaster@example.org', 'ABUSE@example.org', `Postmaster@${host}`, `abuse@${host}`]
}

it('is answered at the name of the node too', async () => {
  expect(await answers(mx, roleAddresses(mx))).toEqual([250, 250, 250, 250, 250])
})

it('gets the mail of abuse and the other way around if only one of the two has an entry', async () => {
  const peers = { srs: [{ host: world.newAddress(), addresses: ['192.0.2.1/32'] }] }
  for (const name of ['postmaster', 'abuse']) {
    const mail = { domains: ['example.org'], forwards: { [name]: 'ops@far.example' } }
    const node = await world.node({ role: 'mx', yaml: { peers }, mail })
    expect(await answers(node, roleAddresses(node))).toEqual([250, 250, 250, 250, 250])
  }
})

it('waits at its sender if there is no entry and no address of the node; other unknown addresses are refused', async () => {
  const peers = { srs: [{ host: world.newAddress(), addresses: ['192.0.2.1/32'] }] }
  const node = await world.node({ role: 'mx', yaml: { peers }, mail: { domains: ['example.org'] } })
  expect(await answers(node, [...roleAddresses(node), 'webmaster@example.org'])).toEqual([450, 450, 450, 450, 450, 550])
})

it('is answered by the srs to its peers', async () => {
  const srs = await world.node({ role: 'srs', yaml: { postmaster: 'ops@far.example' } })
  expect(await answers(srs, roleAddresses(srs))).toEqual([250, 250, 250, 250, 250])
})
