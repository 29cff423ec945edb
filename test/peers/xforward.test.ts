// Postfix in front of a node, with smtp_send_xforward_command: its client is in the ledger of the node.

import { expect, afterAll, beforeAll, describe, it } from 'vitest'
import { connectDialogue } from '../lib/smtp-dialogue.ts'
import { ensurePeers } from '../lib/peers/ensure.ts'
import { type Postfix, startPostfix } from '../lib/peers/postfix.ts'
import { until } from '../lib/until.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

describe.runIf(ensurePeers(['postfix']))('Postfix in front of an mx', () => {
  let world: World
  let node: WholeNode
  let front: Postfix

  beforeAll(async () => {
    world = await startWorld()
    const srs = await world.destination('srs-01.example.org')
    expect(srs).toBeDefined()
    const peers = { srs: [`mx.srs-01.example.org:${world.mxPort}`] }
    node = await world.node({ role: 'mx', start: false, yaml: { peers } })
    node.configure({ listen: { smtp: { address: `${node.address}:${node.port}`, xforward: ['127.0.0.1'] } } })
    await node.start()
    front = await startPostfix({
      relayhost: `[${node.address}]:${node.port}`,
      hostname: 'front.example.org',
      main: { smtp_send_xforward_command: 'yes' },
    })
  })
  afterAll(async () => {
    await front?.stop()
    await world.close()
  })

  const received = () => node.ledger().filter((event) => event.kind === 'received')

  it('sends the address, name and HELO of its client, and its queue ID', async () => {
    const client = await connectDialogue({ port: front.port, localAddress: '127.0.0.7' })
    await client.expect(null, '220')
    await client.expect('EHLO sender.example', '250')
    await client.pipeline(
      ['MAIL FROM:<ann@sender.example>', 'RCPT TO:<kim@example.org>', 'DATA'],
      ['250', '250', '354'],
    )
    const { text } = await client.expect('Subject: x\r\n\r\nx\r\n.', '250')
    const [, id] = /queued as (\w+)/.exec(text) ?? []
    await until(() => received().length === 1, { what: 'the message to arrive at the node' })
    expect(received()[0]).toMatchObject({ clientQueueId: id, client: expect.stringMatching(/\[127\.0\.0\.7\]$/) })
    expect(received()[0]?.remote).toContain('[127.0.0.1]')
  })

  it('says that a message is of a program of its host', async () => {
    front.sendmail('ann@sender.example', ['kim@example.org'], 'Subject: y\n\ny\n')
    await until(() => received().length === 2, { what: 'the message to arrive at the node' })
    expect(received()[1]).toMatchObject({ client: 'local' })
  })
})
