// mx, srs and submission in one process: every listener with every login, sender and recipient, then forwards, bounces and submissions.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { password, writeAccounts } from '../lib/accounts.ts'
import type { SmtpDialogue } from '../lib/smtp-dialogue.ts'
import type { PeerMessage, SmtpPeer } from '../lib/smtp-peer.ts'
import { until } from '../lib/until.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

let world: World
let node: WholeNode
let far: SmtpPeer
/** Where the senders of the internet have their mailboxes. */
let home: SmtpPeer

beforeAll(async () => {
  world = await startWorld()
  far = await world.destination('far.example')
  home = await world.destination('sender.example')
  const { yaml } = await writeAccounts(world)
  world.dns.zone.set('sender.example', { ...world.dns.zone.get('sender.example'), TXT: 'v=spf1 ip4:127.0.0.1 -all' })
  world.dns.zone.set('_dmarc.example.org', { TXT: 'v=DMARC1; p=none' })
  node = await world.node({
    role: 'solo',
    listeners: ['smtp', 'submissions', 'submission'],
    mail: {
      domains: ['example.org'],
      users: { lee: null },
      aliases: { press: ['kim'] },
      forwards: { lee: 'lee@far.example', kim: 'kim@far.example', gone: 'permfail-rcpt@far.example' },
    },
    yaml: { users: yaml.users, peers: {}, limits: { errors_per_ip: 10_000, unknown_recipients_per_ip: 10_000 } },
  })
})
afterAll(() => world.close())

const ways = {
  'port 25': { listener: 'smtp', implicit: false, starttls: false },
  'port 25 with STARTTLS': { listener: 'smtp', implicit: false, starttls: true },
  'port 587': { listener: 'submission', implicit: false, starttls: false },
  'port 587 with STARTTLS': { listener: 'submission', implicit: false, starttls: true },
  'port 465': { listener: 'submissions', implicit: true, starttls: false },
} as const
const logins = { none: null, wrong: 'guess', right: password } as const
const senders = ['', 'lee@example.org', 'press@example.org', 'boss@example.org', 'ann@sender.example'] as const
const recipients = ['kim@example.org', 'victim@foreign.example', 'victim%foreign.example@example.org'] as const

type Way = keyof typeof ways

async function open(way: Way, login: keyof typeof logins): Promise<SmtpDialogue> {
  const { listener, implicit, starttls } = ways[way]
  const tls = { rejectUnauthorized: false }
  const client = await node.connect({ port: node.ports[listener] as number, ...(implicit && { tls }) })
  await client.expect(null, '220')
  await client.expect('EHLO client.example', '250')
  if (starttls) {
    await client.expect('STARTTLS', '220')
    await client.startTls(tls)
    await client.expect('EHLO client.example', '250')
  }
  const given = logins[login]
  if (given !== null) {
    client.send(`AUTH PLAIN ${btoa(`\0lee\0${given}`)}`)
    await client.reply()
  }
  return client
}

/** Which recipients get a 250, by sender. */
async function accepted(way: Way, login: keyof typeof logins): Promise<Record<string, string[]>> {
  const client = await open(way, login)
  const found: Record<string, string[]> = {}
  for (const sender of senders) {
    client.send(`MAIL FROM:<${sender}>`)
    if ((await client.reply()).code !== 250) continue
    found[sender] = []
    for (const recipient of recipients) {
      client.send(`RCPT TO:<${recipient}>`)
      if ((await client.reply()).code === 250) found[sender].push(recipient)
    }
    await client.expect('RSET', '250')
  }
  client.socket.destroy()
  return found
}

const ours = ['kim@example.org']
const anywhere = ['kim@example.org', 'victim@foreign.example']
const fromStrangers = Object.fromEntries(senders.map((sender) => [sender, ours]))
/** Addresses that lee may use, and the null sender. */
const fromLee = { '': anywhere, 'lee@example.org': anywhere }
const matrix: readonly (readonly [Way, keyof typeof logins, Record<string, string[]>])[] = [
  ['port 25', 'none', fromStrangers],
  ['port 25', 'wrong', fromStrangers],
  ['port 25', 'right', fromStrangers],
  ['port 25 with STARTTLS', 'none', fromStrangers],
  ['port 25 with STARTTLS', 'right', fromStrangers],
  ['port 587', 'none', {}],
  ['port 587', 'right', {}],
  ['port 587 with STARTTLS', 'none', {}],
  ['port 587 with STARTTLS', 'wrong', {}],
  ['port 587 with STARTTLS', 'right', fromLee],
  ['port 465', 'none', {}],
  ['port 465', 'wrong', {}],
  ['port 465', 'right', fromLee],
]

describe('no relay without an identity', () => {
  it.each(matrix)('%s, login %s', async (way, login, expected) => {
    expect(await accepted(way, login)).toEqual(expected)
  })
})

async function deliver(way: Way, { from, to, header }: { from: string; to: string; header: string }): Promise<void> {
  const client = await open(way, way.startsWith('port 25') ? 'none' : 'right')
  await client.expect(`MAIL FROM:<${from}>`, '250')
  await client.expect(`RCPT TO:<${to}>`, '250')
  await client.expect('DATA', '354')
  await client.expect(`${header}\r\nUser-Agent: Mailer 7\r\n\r\nHello\r\n.`, '250')
  client.end()
}

const arrived = async (peer: SmtpPeer, about: string): Promise<PeerMessage> => {
  const found = () => peer.messages.find(({ data }) => data.includes(about))
  await until(() => found() !== undefined, { what: `${about} to arrive` })
  return found() as PeerMessage
}

describe('mail of strangers', () => {
  it('is forwarded with an SRS sender, unsigned and uncompleted, and its bounce returns', async () => {
    await deliver('port 25', {
      from: 'ann@sender.example',
      to: 'press@example.org',
      header: 'From: ann@sender.example\r\nSubject: first',
    })
    const { mail, data } = await arrived(far, 'Subject: first')
    const text = data.toString()
    const srs = /^MAIL FROM:<(SRS0=[^>]*@srs\.example\.org)>/.exec(mail)?.[1] ?? ''
    expect(srs).not.toBe('')
    expect(text).not.toMatch(/^(DKIM-Signature|Date|Message-ID):/m)
    expect(text).toContain('User-Agent: Mailer 7')
    expect(text).toMatch(/^Received: from client\.example/m)
    await deliver('port 25', {
      from: '',
      to: srs,
      header: 'From: MAILER-DAEMON@far.example\r\nSubject: bounce of first',
    })
    expect((await arrived(home, 'Subject: bounce of first')).rcpts[0]).toMatch(/^RCPT TO:<ann@sender\.example>/)
  })

  it('that cannot be forwarded is reported to a proven sender, signed by us', async () => {
    await deliver('port 25', {
      from: 'ann@sender.example',
      to: 'gone@example.org',
      header: 'From: ann@sender.example\r\nSubject: second',
    })
    const { mail, data } = await arrived(home, 'Subject: second')
    expect(mail).toMatch(/^MAIL FROM:<>/)
    expect(data.toString()).toMatch(/^DKIM-Signature: /m)
  })

  it('with an author of ours gets no name of ours', async () => {
    await deliver('port 25', {
      from: 'ann@sender.example',
      to: 'kim@example.org',
      header: 'From: boss@example.org\r\nSubject: third',
    })
    const { mail, data } = await arrived(far, 'Subject: third')
    expect(data.toString()).not.toMatch(/^DKIM-Signature:/m)
    expect(mail).not.toMatch(/@(srs\.)?example\.org>/)
  })
})

describe('mail of users', () => {
  it.each(['port 587 with STARTTLS', 'port 465'] as const)(
    '%s: is completed, signed, and hides the client',
    async (way) => {
      const subject = `Subject: from ${way}`
      await deliver(way, {
        from: 'lee@example.org',
        to: 'kim@far.example',
        header: `From: lee@example.org\r\n${subject}`,
      })
      const { mail, data } = await arrived(far, subject)
      const text = data.toString()
      expect(mail).toMatch(/^MAIL FROM:<lee@example\.org>/)
      expect(text).toMatch(/^DKIM-Signature: /m)
      expect(text).toMatch(/^Date: /m)
      expect(text).not.toMatch(/client\.example|User-Agent/)
    },
  )

  it('to an address that is forwarded keeps its sender', async () => {
    await deliver('port 465', {
      from: 'lee@example.org',
      to: 'press@example.org',
      header: 'From: lee@example.org\r\nSubject: inside',
    })
    const { mail, data } = await arrived(far, 'Subject: inside')
    expect(mail).toMatch(/^MAIL FROM:<lee@example\.org>/)
    expect(data.toString()).toMatch(/^DKIM-Signature: /m)
  })
})
