// The spam filter for users' mail at a whole submission node: what is held, what leaves without a trace of the filter, and how the scores
// count for the brake.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { password, writeAccounts } from '../lib/accounts.ts'
import { clean, type FakeRspamd, scanned, startFakeRspamd } from '../lib/fake-rspamd.ts'
import type { SmtpPeer } from '../lib/smtp-peer.ts'
import { until } from '../lib/until.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

let world: World
let rspamd: FakeRspamd
let node: WholeNode
let far: SmtpPeer

beforeAll(async () => {
  world = await startWorld()
  rspamd = await startFakeRspamd()
  const accounts = await writeAccounts(world)
  far = await world.destination('far.example')
  node = await world.node({
    role: 'submission',
    listeners: ['submission', 'submissions'],
    yaml: {
      ...accounts.yaml,
      peers: { mx: ['127.0.0.1:2599'] },
      rspamd: { urls: [rspamd.url] },
      outgoing_spam: {},
      brake: { hold_at: 4 },
    },
    mail: { domains: ['example.org'], aliases: { lee: 'lee@far.example' } },
  })
})
afterAll(async () => {
  await rspamd.close()
  await world.close()
})

async function send(subject: string): Promise<string> {
  const message = `From: lee@example.org\r\nSubject: ${subject}\r\n\r\nHello.\r\n`
  const tls = { ca: world.ca.certificate, servername: 'node-1.example.org' }
  const login = { user: 'lee', password }
  const to = ['friend@far.example']
  const sent = await node.send({ from: 'lee@example.org', to, message, security: 'starttls', tls, login })
  return sent.reply
}

describe("a user's mail", () => {
  it('is judged with the name of the user, and leaves without a field of the filter', async () => {
    rspamd.answer = clean
    expect(await send('clean')).toMatch(/^250/)
    expect(rspamd.asked.at(-1)?.headers['user']).toBe('lee')
    await until(async () => far.messages.length === 1, { what: 'the mail' })
    expect(far.messages[0]?.data.toString()).not.toMatch(/x-spam/i)
  })

  it('that looks like spam is held for a decision', async () => {
    rspamd.answer = scanned('reject', 16)
    expect(await send('spam')).toMatch(/^250/)
    const [held] = node.queue().flatMap(({ recipients }) => recipients)
    expect(held).toMatchObject({
      state: 'held',
      hold: { reason: expect.stringMatching(/^outgoing spam: reject, score 16/) },
    })
    expect(far.messages).toHaveLength(1)
  })

  it('counts for the brake: the account is put on hold', async () => {
    rspamd.answer = scanned('add header', 9)
    for (let i = 0; i < 4; i++) expect(await send(`letter ${i}`)).toMatch(/^250/)
    await until(async () => node.ledger().some(({ kind }) => kind === 'account-held'), { what: 'the hold' })
    const event = node.ledger().find(({ kind }) => kind === 'account-held')
    expect(event).toMatchObject({ account: 'user:lee', evidence: expect.stringMatching(/^SPAM 4 \(mean score/) })
  })
})
