// REQUIRETLS (RFC 8689) through an mx: to a fleet node with a verified certificate, which offers it or not, and never elsewhere.

import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { SmtpDialogue } from '../lib/smtp-dialogue.ts'
import type { SmtpPeer } from '../lib/smtp-peer.ts'
import { until } from '../lib/until.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

let world: World
let keeping: SmtpPeer
let node: WholeNode
let other: WholeNode
let both: WholeNode
let partly: WholeNode

beforeAll(async () => {
  world = await startWorld()
  const peerOf = (name: string, extensions: readonly string[]) => {
    const { certificate: cert, key } = world.ca.issue({ names: [`mx.${name}`] })
    return world.destination(name, { tls: { cert, key }, extensions: ['PIPELINING', '8BITMIME', ...extensions] })
  }
  keeping = await peerOf('srs-01.example.org', ['REQUIRETLS'])
  await peerOf('srs-02.example.org', [])
  await peerOf('srs-03.example.org', [])
  await (await peerOf('srs-04.example.org', ['REQUIRETLS'])).close()
  const start = (...peers: readonly string[]) => {
    const tls = { certificate: 'node.pem', key: 'node.key', ca: join(world.folder, 'ca.pem') }
    return world.node({ role: 'mx', yaml: { tls, peers: { srs: peers.map((one) => `mx.${one}:${world.mxPort}`) } } })
  }
  node = await start('srs-01.example.org')
  other = await start('srs-02.example.org')
  both = await start('srs-02.example.org', 'srs-03.example.org', 'srs-01.example.org')
  partly = await start('srs-02.example.org', 'srs-04.example.org')
})
afterAll(() => world.close())

async function secured(to: WholeNode): Promise<SmtpDialogue> {
  const client = await to.connect()
  await client.expect(null, '220')
  const plain = await client.expect('EHLO c.example', '250')
  expect(plain.text).not.toContain('REQUIRETLS')
  await client.expect('STARTTLS', '220')
  await client.startTls({ rejectUnauthorized: false })
  expect((await client.expect('EHLO c.example', '250')).text).toContain('REQUIRETLS')
  return client
}

async function send(to: WholeNode): Promise<void> {
  const client = await secured(to)
  await client.expect('MAIL FROM:<ann@sender.example> REQUIRETLS', '250')
  await client.expect('RCPT TO:<kim@example.org>', '250')
  await client.expect('DATA', '354')
  await client.expect('Subject: secret\r\n\r\nx\r\n.', '250')
  await client.expect('QUIT', '221')
}

it('passes to the fleet node that offers it', async () => {
  await send(node)
  await node.emptied()
  expect(keeping.messages[0]?.mail).toContain(' REQUIRETLS')
})

it('fails where the fleet node does not offer it', async () => {
  await send(other)
  const failed = () => other.ledger().filter((event) => event.kind === 'failed')
  await until(() => failed().length === 1, { what: 'the failure' })
  expect(failed()[0]).toMatchObject({ status: '5.7.30' })
})

it('tries each other host before it fails (RFC 8689 section 4.2.1)', async () => {
  const before = keeping.messages.length
  await send(both)
  await both.emptied()
  expect(keeping.messages).toHaveLength(before + 1)
  expect(both.ledger().filter(({ kind }) => kind === 'failed')).toEqual([])
})

it('waits for a host that may offer it and cannot be reached', async () => {
  await send(partly)
  const deferred = () => partly.ledger().filter((event) => event.kind === 'deferred')
  await until(() => deferred().length >= 1, { what: 'the deferral' })
  expect(deferred()[0]).toMatchObject({ status: '4.4.1' })
  expect(partly.ledger().filter(({ kind }) => kind === 'failed')).toEqual([])
})
