// `<Postmaster>` is accepted from every client (RFC 5321 4.5.1), also if the postmaster has an address in another domain.

import { afterAll, beforeAll, it } from 'vitest'
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
