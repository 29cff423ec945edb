// The example role of a list server, with Mailman 3: a post comes from the mx, goes to Mailman over LMTP, and from it to the members, signed
// with the key of the subdomain.

import { chmodSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../lib/free-port.ts'
import { startMailer } from '../lib/independent-mailer.ts'
import { ensurePeers } from '../lib/peers/ensure.ts'
import { type Mailman, startMailman } from '../lib/peers/mailman.ts'
import type { SmtpPeer } from '../lib/smtp-peer.ts'
import { until } from '../lib/until.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

describe.runIf(ensurePeers(['mailman']))('a list server', () => {
  let world: World
  let far: SmtpPeer
  let node: WholeNode
  let mx: WholeNode
  let mailman: Mailman

  beforeAll(async () => {
    world = await startWorld()
    chmodSync(world.folder, 0o755)
    far = await world.destination('far.example')
    await world.destination('sender.example')
    const lmtpPort = await freePort()
    node = await startMailer(world, {
      role: 'lists',
      listeners: ['smtp', 'program'],
      subdomain: 'lists.example.org',
      lmtp: `lmtp:[127.0.0.1]:${lmtpPort}`,
    })
    mailman = await startMailman({
      folder: world.folder,
      list: 'friends@lists.example.org',
      members: ['kim@far.example', 'sam@far.example', 'ann@sender.example'],
      lmtpPort,
      smtp: { host: node.address, port: node.ports['program'] as number },
    })
    mx = await world.node({
      role: 'mx',
      yaml: { peers: { srs: ['127.0.0.1:9'] } },
      mail: {
        domains: ['example.org', 'lists.example.org'],
        transports: { 'lists.example.org': `smtp:[${node.address}]:${node.ports['smtp']}` },
      },
    })
  })
  afterAll(async () => {
    await mailman?.stop()
    await world.close()
  })

  const post = (list: string, subject: string) =>
    mx.send({
      to: [list],
      message: `From: Ann <ann@sender.example>\r\nTo: ${list}\r\nMessage-ID: <${subject}@sender.example>\r\nSubject: ${subject}\r\n\r\nHello\r\n`,
    })

  it('gets a post and sends it to the members', async () => {
    expect(await post('friends@lists.example.org', 'greetings')).toMatchObject({ kind: 'accepted' })
    const posts = () => far.messages.filter(({ data }) => data.includes('greetings'))
    await until(() => posts().flatMap(({ rcpts }) => rcpts).length === 2, { what: 'the post', timeout: 40_000 })
    const [first] = posts()
    const text = first?.data.toString() ?? ''
    expect(first?.mail).toMatch(/^MAIL FROM:<friends-bounces(\+[^@]*)?@lists\.example\.org>/)
    expect(text).toMatch(/^List-Id: .*<friends\.lists\.example\.org>\r$/m)
    expect(text).toMatch(/^From: .*<friends@lists\.example\.org>/m)
    expect(text.replace(/\s+/g, '')).toContain('d=lists.example.org;')
  })

  it('refuses an unknown list, which the ledger says', async () => {
    await post('nothing@lists.example.org', 'lost')
    const refusals = () => node.ledger().filter((event) => event.kind === 'failed')
    await until(() => refusals().length > 0, { what: 'the refusal of Mailman' })
    expect(refusals()[0]).toMatchObject({
      recipient: 'nothing@lists.example.org',
      reply: expect.stringMatching(/^550/) as string,
    })
  })
})
