// The example roles for independent mailers: a CRM and a ticket system send under their subdomains, and answers reach them over LMTP.
// test/peers/list-server.test.ts has the list server.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Accounts, keyFingerprint, password, writeAccounts } from '../lib/accounts.ts'
import { startMailer } from '../lib/independent-mailer.ts'
import { type PeerMessage, type SmtpPeer, startSmtpPeer } from '../lib/smtp-peer.ts'
import { until } from '../lib/until.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

let world: World
let accounts: Accounts
let far: SmtpPeer
/** The programs, as they get mail. */
let program: SmtpPeer
let crm: WholeNode
let tickets: WholeNode
let mx: WholeNode
const insecure = { rejectUnauthorized: false }

beforeAll(async () => {
  world = await startWorld()
  accounts = await writeAccounts(world)
  far = await world.destination('far.example')
  const address = world.newAddress()
  program = await startSmtpPeer({ lmtp: true, host: address })
  const lmtp = `lmtp:[${address}]:${program.port}`
  const listeners = ['submission', 'smtp']
  const { users } = accounts.yaml
  const machines = join(world.folder, 'crm.yaml')
  const fingerprints = [`sha256:${keyFingerprint(accounts.machine.certificate)}`]
  writeFileSync(machines, stringify({ machines: [{ name: 'crm', fingerprints, senders: ['@crm.example.org'] }] }))
  crm = await startMailer(world, { role: 'crm', listeners, subdomain: 'crm.example.org', lmtp, yaml: { machines } })
  tickets = await startMailer(world, {
    role: 'tickets',
    listeners,
    subdomain: 'tickets.example.org',
    lmtp,
    yaml: { users },
    mail: { users: { lee: null }, aliases: { support: ['lee'] } },
  })
  mx = await world.node({
    role: 'mx',
    yaml: { peers: { srs: ['127.0.0.1:9'] } },
    mail: {
      domains: ['example.org', 'tickets.example.org'],
      transports: { 'tickets.example.org': `smtp:[${tickets.address}]:${tickets.ports['smtp']}` },
    },
  })
})
afterAll(async () => {
  await world.close()
  await program.close()
})

const arrived = async (peer: SmtpPeer, about: string): Promise<PeerMessage & { readonly text: string }> => {
  const found = () => peer.messages.find(({ data }) => data.includes(about))
  await until(() => found() !== undefined, { what: `${about} to arrive` })
  const message = found() as PeerMessage
  return { ...message, text: message.data.toString() }
}

describe('a CRM', () => {
  const newsletter = (subject: string) =>
    `From: News <news@crm.example.org>\r\nTo: kim@far.example\r\nSubject: ${subject}\r\nList-Unsubscribe: <https://crm.example.org/u/7>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n\r\nHello\r\n`

  it('sends bulk under its own addresses, signed with the fields for one-click unsubscribe', async () => {
    const tls = { ...insecure, cert: accounts.machine.certificate, key: accounts.machine.key }
    const mail = { security: 'starttls', tls, to: ['kim@far.example'], message: newsletter('bulk') } as const
    expect(await crm.send({ ...mail, from: 'bounce+7@crm.example.org' })).toMatchObject({ kind: 'accepted' })
    expect(await crm.send({ ...mail, from: 'boss@example.org' })).toMatchObject({ kind: 'refused' })
    const { text } = await arrived(far, 'Subject: bulk')
    const signature = /^DKIM-Signature: (?:.*\r\n[ \t])*.*/m.exec(text)?.[0].replace(/\s+/g, '') ?? ''
    expect(signature).toContain('d=crm.example.org;')
    expect(signature.toLowerCase()).toMatch(/:list-unsubscribe:list-unsubscribe-post/)
  })

  it('refuses programs without its certificate', async () => {
    const mail = { security: 'starttls', tls: insecure, to: ['kim@far.example'], message: newsletter('x') } as const
    expect(await crm.send({ ...mail, from: 'bounce+7@crm.example.org' })).toMatchObject({ kind: 'refused' })
  })
})

describe('a ticket system', () => {
  it('sends with its password, signed under its subdomain, and only as itself', async () => {
    const mail = {
      security: 'starttls',
      tls: insecure,
      login: { user: 'lee', password },
      to: ['kim@far.example'],
      message: 'From: Support <support@tickets.example.org>\r\nSubject: [#7] answer\r\n\r\nHello\r\n',
    } as const
    expect(await tickets.send({ ...mail, from: 'support@tickets.example.org' })).toMatchObject({ kind: 'accepted' })
    expect(await tickets.send({ ...mail, from: 'boss@example.org' })).toMatchObject({ kind: 'refused' })
    const { text } = await arrived(far, 'Subject: [#7] answer')
    expect(text.replace(/\s+/g, '')).toContain('d=tickets.example.org;')
  })

  it('gets the answers of customers over LMTP, by way of the mx', async () => {
    const message =
      'From: Kim <kim@far.example>\r\nTo: support@tickets.example.org\r\nSubject: Re: [#7]\r\n\r\nThanks\r\n'
    const sent = await mx.send({ from: 'kim@far.example', to: ['support@tickets.example.org'], message })
    expect(sent).toMatchObject({ kind: 'accepted' })
    const { rcpts, text } = await arrived(program, 'Subject: Re: [#7]')
    expect(rcpts).toEqual([expect.stringMatching(/^RCPT TO:<(lee|support)@tickets\.example\.org>/)])
    expect(text).toMatch(/^Authentication-Results: /m)
  })

  it('relays nothing for the nodes that send to it', async () => {
    const open = await tickets.connect({ port: tickets.ports['smtp'] as number, host: tickets.address })
    await open.expect(null, '220')
    await open.expect('EHLO client.example', '250')
    await open.expect('MAIL FROM:<x@y.example>', '250')
    await open.expect('RCPT TO:<victim@foreign.example>', '554 5.7.1')
    open.end()
  })
})
