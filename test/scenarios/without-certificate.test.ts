// A node without a configured certificate: a configuration that `check` accepts must start.

import { afterAll, beforeAll, expect, it } from 'vitest'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

let world: World
let node: WholeNode

beforeAll(async () => {
  world = await startWorld()
  await world.destination('far.example')
  node = await world.node({ role: 'srs', yaml: { tls: undefined, delivery: { mx_port: world.mxPort } } })
})
afterAll(() => world.close())

it('accepts mail in cleartext, does not offer STARTTLS, and logs it', async () => {
  const client = await node.connect()
  await client.expect(null, '220')
  expect((await client.expect('EHLO mx.example.org', '250')).text).not.toContain('STARTTLS')
  await client.expect('STARTTLS', '502')
  client.end()
  expect(await node.send({ to: ['kim@example.org'] })).toMatchObject({ kind: 'accepted' })
  expect(node.log().join('\n')).toContain('STARTTLS is not offered')
})
