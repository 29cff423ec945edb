// The example role of a list server, with the LMTP server of Mailman 3 (aiosmtpd): a post comes from the mx, goes to the program over LMTP, and
// from it to the members, signed with the key of the subdomain.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../lib/free-port.ts'
import { startMailer } from '../lib/independent-mailer.ts'
import { ensurePeers } from '../lib/peers/ensure.ts'
import type { SmtpPeer } from '../lib/smtp-peer.ts'
import { until } from '../lib/until.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

describe.runIf(ensurePeers(['aiosmtpd']))('a list server', () => {
  let world: World
  let far: SmtpPeer
  let node: WholeNode
  let mx: WholeNode
  let program: ChildProcess

  beforeAll(async () => {
    world = await startWorld()
    far = await world.destination('far.example')
    const port = await freePort()
    node = await startMailer(world, {
      role: 'lists',
      listeners: ['smtp', 'program'],
      subdomain: 'lists.example.org',
      lmtp: `lmtp:[127.0.0.1]:${port}`,
    })
    const script = join(import.meta.dirname, '../lib/peers/list-server.py')
    const out = [node.address, String(node.ports['program'])]
    program = spawn('/usr/bin/python3', [script, '127.0.0.1', String(port), ...out], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    await once(program.stdout as NodeJS.ReadableStream, 'data')
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
    program.stdin?.end()
    await world.close()
  })

  it('gets a post and sends it to the members', async () => {
    const message =
      'From: Ann <ann@sender.example>\r\nTo: friends@lists.example.org\r\nSubject: Hello all\r\n\r\nHello\r\n'
    expect(await mx.send({ to: ['friends@lists.example.org'], message })).toMatchObject({ kind: 'accepted' })
    await until(() => far.messages.length > 0, { what: 'the post' })
    const { mail, rcpts, data } = far.messages[0] as (typeof far.messages)[number]
    const text = data.toString()
    expect(mail).toMatch(/^MAIL FROM:<friends-bounces@lists\.example\.org>/)
    expect(rcpts).toHaveLength(2)
    expect(text).toMatch(/^From: Friends <friends@lists\.example\.org>\r$/m)
    expect(text.replace(/\s+/g, '')).toContain('d=lists.example.org;')
  })

  it('refuses an unknown list, which the sender learns', async () => {
    const message = 'From: ann@sender.example\r\nSubject: x\r\n\r\nx\r\n'
    await mx.send({ to: ['nothing@lists.example.org'], message })
    await until(() => node.ledger().some((event) => event.kind === 'failed' && event.status === '5.1.1'), {
      what: 'the refusal of the program',
    })
  })
})
