// Whoever answers for a node, strangers reach him as `<Postmaster>` (RFC 5321 4.5.1): also where that is somebody elsewhere.

import { afterAll, beforeAll, it } from 'vitest'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

let world: World
let mx: WholeNode

beforeAll(async () => {
  world = await startWorld()
  // Every client here is a stranger.
  const peers = { srs: [{ host: world.newAddress(), addresses: ['192.0.2.1/32'] }] }
  mx = await world.node({ role: 'mx', yaml: { peers, postmaster: 'ops@far.example' } })
})
afterAll(() => world.close())

it('is taken for a node whose postmaster lives in a foreign domain, which makes nobody a relay', async () => {
  const client = await mx.connect()
  await client.expect(null, '220')
  await client.expect('EHLO mta.stranger.example', '250')
  await client.expect('MAIL FROM:<ann@stranger.example>', '250')
  await client.expect('RCPT TO:<Postmaster>', '250 2.1.5')
  await client.expect('RCPT TO:<postmaster@example.org>', '250 2.1.5')
  await client.expect('RCPT TO:<ops@far.example>', '554 5.7.1')
  client.end()
})
