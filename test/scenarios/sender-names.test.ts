// Mail of a person with the names that real programs write, through a submission node to another mail host: what the node signs names only
// the person.

import { createPrivateKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { keyRecord } from '../../src/dkim/key-record.ts'
import { verifySignatures } from '../../src/demo/verify-signatures.ts'
import { password, writeAccounts } from '../lib/accounts.ts'
import type { SmtpPeer } from '../lib/smtp-peer.ts'
import { until } from '../lib/until.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

let world: World
let node: WholeNode
let far: SmtpPeer
let serial = 0

beforeAll(async () => {
  world = await startWorld()
  far = await world.destination('far.example')
  const own = createPrivateKey(readFileSync(join(world.folder, 'dkim/example.org/ed.pem')))
  const record = keyRecord({ domain: 'example.org', selector: 'ed', algorithm: 'ed25519-sha256', privateKey: own })
  world.dns.zone.set(record.name, { TXT: [record.chunks] })
  const accounts = await writeAccounts(world)
  node = await world.node({
    role: 'submission',
    listeners: ['submissions', 'submission'],
    mail: { domains: ['example.org'], users: { lee: null, gina: null } },
    yaml: { ...accounts.yaml, peers: { mx: ['mx-01.example.org'] } },
  })
})
afterAll(() => world.close())

async function submit(header: string) {
  const id = `<${++serial}@example.org>`
  const message = `${header}\r\nTo: ann@far.example\r\nSubject: Hello\r\nMessage-ID: ${id}\r\n\r\nHello.\r\n`
  const login = { user: 'lee', password }
  const sent = await node.send({
    security: 'implicit',
    tls: { rejectUnauthorized: false },
    login,
    from: 'lee@example.org',
    to: ['ann@far.example'],
    message,
  })
  return { id, sent }
}

async function arrival(id: string): Promise<string> {
  const isIt = (one: SmtpPeer['messages'][number]) => one.data.includes(id)
  await until(() => far.messages.some(isIt), { what: `${id} to arrive` })
  const data = far.messages.find(isIt)?.data.toString('latin1') ?? ''
  expect(await verifySignatures(Buffer.from(data, 'latin1'), world.dns)).toEqual(['ed (ed25519-sha256)=pass'])
  return data
}

describe('a person', () => {
  it.each([
    ['From: Lee [HR] <lee@example.org>', 'From: "Lee [HR]" <lee@example.org>'],
    ['From: Doe, Lee <lee@example.org>', 'From: "Doe, Lee" <lee@example.org>'],
    ['From: lee@example.org <lee@example.org>', 'From: "lee@example.org" <lee@example.org>'],
    ['From: "gina@example.org" <lee@example.org>', 'From: "gina at example.org" <lee@example.org>'],
  ])('with %s is accepted, and the signed message has %s', async (written, signed) => {
    const { id, sent } = await submit(written)
    expect(sent).toMatchObject({ kind: 'accepted' })
    expect(await arrival(id)).toContain(`\r\n${signed}\r\n`)
  })

  it('never gets the name of another signed', async () => {
    const others = 'Sender: gina@example.org\r\nResent-From: gina@example.org\r\nResent-To: x@far.example'
    const { id } = await submit(`From: Lee <lee@example.org>\r\n${others}`)
    const arrived = await arrival(id)
    expect(arrived).not.toMatch(/^(?:Sender|Resent-)/m)
    expect(arrived).not.toContain('gina')
    const event = node.ledger().find((one) => one.kind === 'checked' && one.check === 'author')
    expect(event).toMatchObject({ result: 'repaired' })
  })

  it.each(['From: Doe, Gina <gina@example.org>', 'From: gina@example.org', 'From: lee@example.org, gina@example.org'])(
    'with %s is refused',
    async (header) => {
      expect((await submit(header)).sent).toMatchObject({ kind: 'refused', reply: expect.stringMatching(/^55[03] /) })
    },
  )
})
