// Every certificate of a fleet is for servers only, as public authorities issue them: client host, machine node, mx, srs, queue transfer, and a
// person with a pinned certificate.

import { createHash, X509Certificate } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { stringify } from 'yaml'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeAccounts } from '../lib/accounts.ts'
import { type CertificateTree, createCertificateTree, type TreeCertificate } from '../lib/certificate-tree.ts'
import { ensurePeers } from '../lib/peers/ensure.ts'
import { runWaypost } from '../lib/run-waypost.ts'
import type { SmtpPeer } from '../lib/smtp-peer.ts'
import { transferPair } from '../lib/transfer-pair.ts'
import { until } from '../lib/until.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

const SERVERS = ['extendedKeyUsage = serverAuth']

describe.runIf(ensurePeers(['openssl']))('certificates for servers only', () => {
  let world: World
  let tree: CertificateTree
  let root: TreeCertificate
  let far: SmtpPeer
  let count = 0

  beforeAll(async () => {
    world = await startWorld()
    tree = createCertificateTree()
    root = tree.authority('Public')
    writeFileSync(join(world.folder, 'ca.pem'), root.pem)
    far = await world.destination('far.example')
  })
  afterAll(async () => {
    await world.close()
    tree.close()
  })

  const tls = { certificate: 'node.pem', key: 'node.key', ca: '../ca.pem' }
  /** Its name, address, and the fingerprint of its key. */
  interface Equipped {
    readonly node: WholeNode
    readonly name: string
    readonly at: string
    readonly print: string
  }
  const equip = (node: WholeNode): Equipped => {
    const name = `node-${++count}.example.org`
    const { pem, key, publicKey } = tree.host([name], root, SERVERS)
    expect(new X509Certificate(pem).keyUsage).toEqual(['1.3.6.1.5.5.7.3.1'])
    writeFileSync(join(dirname(node.config), 'node.pem'), pem)
    writeFileSync(join(dirname(node.config), 'node.key'), key, { mode: 0o600 })
    const print = `sha256:${createHash('sha256').update(publicKey).digest('hex')}`
    return { node, name, at: `${node.address}:${node.port}`, print }
  }
  const peer = ({ name, at, print }: Equipped) => ({ host: at, name, fingerprints: [print] })
  const arrived = (about: string) =>
    until(() => far.messages.some(({ data }) => data.includes(about)), { what: `${about} to arrive`, timeout: 20_000 })

  it('carry mail from a client host through mta, mx and srs to the internet', async () => {
    const srs = equip(await world.node({ role: 'srs', start: false }))
    const mx = equip(await world.node({ role: 'mx', start: false }))
    const mta = equip(await world.node({ role: 'mta', listeners: ['submission'], start: false }))
    const client = equip(
      await world.node({ role: 'client', start: false, yaml: { mail: [], dkim: undefined, srs: undefined } }),
    )
    const machines = join(world.folder, 'machines.yaml')
    writeFileSync(
      machines,
      stringify({ machines: [{ name: 'web', fingerprints: [client.print], senders: ['@example.org'] }] }),
      { mode: 0o600 },
    )
    srs.node.configure({ tls, peers: { mx: [peer(mx)] } })
    mx.node.configure({ tls, peers: { srs: [peer(srs)], mta: [peer(mta)] } })
    mta.node.configure({ tls, machines, peers: { mx: [peer(mx)] } })
    client.node.configure({ tls, peers: { mta: [peer(mta)] } })
    for (const { node } of [srs, mx, mta, client]) await node.start()
    const sent = await client.node.send({
      from: 'web@example.org',
      to: ['kim@example.org'],
      message: 'From: web@example.org\r\nSubject: through all nodes\r\n\r\nHello\r\n',
    })
    expect(sent.reply).toMatch(/^250/)
    await arrived('Subject: through all nodes')
    const [message] = far.messages
    expect(message?.data.toString().match(/^Received: /gm)?.length).toBe(4)
    for (const { node } of [srs, mx, mta, client]) {
      expect(node.log().filter((line) => line.includes('unsuitable certificate purpose'))).toEqual([])
      await node.emptied()
      await node.stop()
    }
  })

  it('transfer a queue', async () => {
    const base = await transferPair(world)
    const giver = equip(base.giver)
    const taker = equip(base.taker)
    const srs = [giver, taker].map((one) => ({ host: one.node.address, fingerprints: [one.print] }))
    const mx = [{ host: '127.0.0.1', addresses: ['127.0.0.1/32'] }]
    giver.node.configure({ tls, peers: { mx, srs }, delivery: { mx_port: world.mxPort } })
    taker.node.configure({ tls, peers: { mx, srs } })
    await giver.node.start()
    expect((await runWaypost(['queue', 'suspend', 'mx:far.example', '-c', giver.node.config])).status).toBe(0)
    const { reply } = await giver.node.send({ to: ['kim@example.org'], message: 'Subject: moved\r\n\r\nHello\r\n' })
    expect(reply).toMatch(/^250/)
    await giver.node.stop()
    await taker.node.start()
    const drained = await runWaypost(['queue', 'drain', '-c', giver.node.config, '--to', base.to])
    expect(drained).toMatchObject({ status: 0 })
    expect((await runWaypost(['queue', 'resume', 'mx:far.example', '-c', taker.node.config])).status).toBeLessThan(2)
    await arrived('Subject: moved')
    await taker.node.stop()
  })

  it('log in a person whose certificate is pinned', async () => {
    const node = equip(await world.node({ role: 'submission', listeners: ['submissions', 'submission'], start: false }))
    const laptop = tree.host(['laptop.example.org'], root, SERVERS)
    const print = createHash('sha256').update(laptop.publicKey).digest('hex')
    writeFileSync(
      join(world.folder, 'pins.yaml'),
      stringify({ users: [{ name: 'lee', fingerprints: [`sha256:${print}`] }] }),
    )
    const accounts = await writeAccounts(world)
    node.node.configure({
      ...accounts.yaml,
      tls,
      peers: { mx: ['mx-01.example.org'] },
      user_certificates: { pins: '../pins.yaml' },
    })
    node.node.route({ domains: ['example.org'], users: { lee: null } })
    await node.node.start()
    const client = await node.node.connect({
      tls: { ca: readFileSync(join(world.folder, 'ca.pem')), servername: node.name, cert: laptop.pem, key: laptop.key },
    })
    await client.expect(null, '220')
    await client.expect('EHLO client.example', '250')
    await client.expect('AUTH EXTERNAL =', '235')
    await client.expect('MAIL FROM:<lee@example.org>', '250')
    client.end()
    await node.node.stop()
  })
})
