// Outgoing mail of whole nodes to test hosts: a smarthost with a password, LMTP, reply rules, DSNs and operator reports, and a forward
// that receives its own message again.

import { createPrivateKey } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { keyRecord } from '../../src/dkim/key-record.ts'
import { createStubResolver, stubDefaults } from '../../src/dns/stub.ts'
import { createAuthenticator } from '../../src/filter/verify-message.ts'
import { systemClock } from '../../src/lib/clock.ts'
import type { Event } from '../../src/observe/events.ts'
import { brokenPromises } from '../lib/ledger-ends.ts'
import { contentOf } from '../lib/message.ts'
import { type PeerMessage, type PeerOptions, type SmtpPeer, startSmtpPeer } from '../lib/smtp-peer.ts'
import { until } from '../lib/until.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'
import { wire } from '../vectors/suites.ts'

let world: World
/** Forwards, with all options that this file tests. */
let srs: WholeNode
/** Sends everything through a smarthost. */
let behind: WholeNode
let home: SmtpPeer
let far: SmtpPeer
let ops: SmtpPeer
let lists: SmtpPeer
let relay: SmtpPeer
let busy: SmtpPeer
let serial = 0
const stops: SmtpPeer[] = []

async function host(options: PeerOptions): Promise<{ peer: SmtpPeer; at: string }> {
  const address = world.newAddress()
  const peer = await startSmtpPeer({ ...options, host: address })
  stops.push(peer)
  return { peer, at: `[${address}]:${peer.port}` }
}

beforeAll(async () => {
  world = await startWorld()
  home = await world.destination('sender.example')
  far = await world.destination('far.example')
  ops = await world.destination('ops.example')
  busy = await world.destination('busy.example', { replies: { rcpt: '450 4.7.1 back in a while, says busy' } })
  await world.destination('provider.example')
  for (const domain of ['shop.example', 'club.example']) world.dns.zone.set(domain, { MX: '10 mx.provider.example' })
  const own = createPrivateKey(readFileSync(join(world.folder, 'dkim/example.org/ed.pem')))
  const record = keyRecord({ domain: 'example.org', selector: 'ed', algorithm: 'ed25519-sha256', privateKey: own })
  world.dns.zone.set(record.name, { TXT: [record.chunks] })
  const lmtp = await host({ lmtp: true })
  lists = lmtp.peer
  writeFileSync(
    join(world.folder, 'replies.yaml'),
    '- { name: busy, class: rate-limited, text: says busy, pause: 2s, retry: 1s, advice: Wait a little. }\n',
  )
  srs = await world.node({
    role: 'srs',
    mail: {
      domains: ['example.org', 'lists.example.org'],
      aliases: { team: ['kim', 'lee'] },
      forwards: {
        kim: 'kim@far.example',
        lee: 'lee@far.example',
        gone: 'permfail-rcpt@far.example',
        busy: 'busy@busy.example',
        shop: 'us@shop.example',
        club: 'us@club.example',
      },
      transports: { 'lists.example.org': `lmtp:${lmtp.at}` },
    },
    yaml: {
      delivery: {
        mx_port: world.mxPort,
        replies: ['../replies.yaml'],
        destinations: { '*.provider.example': { rate: '2/s' } },
      },
      bounce: { copy_to: 'ops@ops.example', double_bounces_to: 'ops@ops.example', dsn_expanded: true },
    },
  })
  behind = await throughSmarthost()
})
afterAll(async () => {
  await world.close()
  await Promise.all(stops.map((peer) => peer.close()))
})

async function throughSmarthost(): Promise<WholeNode> {
  const issued = world.ca.issue({ names: ['relay.example'] })
  const auth = { mechanisms: ['PLAIN', 'SCRAM-SHA-256'], user: 'node', password: 'the relay knows' } as const
  const smarthost = await host({ tls: { cert: issued.certificate, key: issued.key }, auth })
  relay = smarthost.peer
  const [, address = '', port = ''] = /^\[(.*)\]:(\d+)$/.exec(smarthost.at) ?? []
  world.dns.zone.set('relay.example', { A: address })
  mkdirSync(join(world.folder, 'secrets'))
  writeFileSync(join(world.folder, 'secrets/relay'), 'the relay knows\n')
  const nextHop = `smtp:[relay.example]:${port}`
  return world.node({
    role: 'srs',
    yaml: {
      smarthost: nextHop,
      delivery: {
        mx_port: world.mxPort,
        destinations: {
          [nextHop]: {
            user: 'node',
            password_file: '../secrets/relay',
            ca: '../ca.pem',
            helo: { ipv4: 'us.example.org' },
          },
        },
      },
    },
  })
}

interface Letter {
  readonly from?: string | null
  readonly to: readonly string[]
  /** Of RCPT, with a leading space. */
  readonly parameters?: string
  readonly header?: string
}

/** Sends a message as an mx node whose checks proved the sender. Returns its Message-ID and the last reply. */
async function send(node: WholeNode, letter: Letter): Promise<{ id: string; reply: string }> {
  const { from = 'ann@sender.example', to, parameters = '', header = '' } = letter
  const id = `<${++serial}@sender.example>`
  const results = 'Authentication-Results: example.org; spf=pass; dmarc=pass header.from=sender.example\r\n'
  const client = await node.connect()
  await client.expect(null, '220')
  await client.expect('EHLO mx.example.org', '250')
  await client.expect(`MAIL FROM:<${from ?? ''}>`, '250')
  for (const one of to) await client.expect(`RCPT TO:<${one}>${parameters}`, '250')
  await client.expect('DATA', '354')
  client.write(`Received: from sender.example by mx\r\n${results}${header}`)
  client.write(`From: ann@sender.example\r\nMessage-ID: ${id}\r\nSubject: Letter\r\n\r\nHello.\r\n.\r\n`)
  const { text, code } = await client.reply()
  client.end()
  return { id, reply: `${code} ${text}` }
}

const arrived = async (peer: SmtpPeer, about: string): Promise<PeerMessage> => {
  const isIt = ({ data }: PeerMessage) => data.includes(about)
  await until(() => peer.messages.some(isIt), { what: `${about} to arrive`, timeout: 15_000 })
  return peer.messages.find(isIt) as PeerMessage
}

function eventsOf(node: WholeNode, id: string): Event[] {
  const all = node.ledger()
  const ids = new Set(all.flatMap((one) => (one.kind === 'received' && one.messageId === id ? [one.queueId] : [])))
  return all.filter((one) => ids.has(one.queueId))
}

describe('a smarthost', () => {
  it('gets all mail over verified TLS, after a login that does not send the password', async () => {
    const { id } = await send(behind, { to: ['kim@example.org'] })
    const message = await arrived(relay, id)
    expect(message.tls).toBe(true)
    const said = relay.commands.map(({ line }) => line)
    expect(said).toContain('EHLO us.example.org')
    expect(said.some((line) => line.startsWith('AUTH SCRAM-SHA-256 '))).toBe(true)
    await until(() => eventsOf(behind, id).some(({ kind }) => kind === 'delivered'), { what: 'the delivery' })
    expect(eventsOf(behind, id).find(({ kind }) => kind === 'delivered')).toMatchObject({
      tls: { level: 'verified', policy: 'verify', protocol: 'TLSv1.3' },
    })
    expect(behind.log().join('\n')).not.toContain('the relay knows')
  })

  it('that refuses the password defers the message', async () => {
    const issued = world.ca.issue({ names: ['relay.example'] })
    const auth = { mechanisms: ['PLAIN'], user: 'node', password: 'changed' } as const
    relay.change({ tls: { cert: issued.certificate, key: issued.key }, auth })
    // Kept connections are still logged in.
    await behind.stop()
    await behind.start()
    const { id } = await send(behind, { to: ['kim@example.org'] })
    await until(() => eventsOf(behind, id).some(({ kind }) => kind === 'deferred'), { what: 'the deferral' })
    expect(eventsOf(behind, id).find(({ kind }) => kind === 'deferred')).toMatchObject({
      class: 'login-failed',
      status: '4.7.8',
    })
  })
})

describe('LMTP', () => {
  it('returns for each recipient its own reply', async () => {
    const { id } = await send(srs, {
      to: ['crew@lists.example.org', 'permfail-dot@lists.example.org', 'news@lists.example.org'],
      parameters: ' NOTIFY=SUCCESS,FAILURE',
    })
    const message = await arrived(lists, id)
    expect(message.rcpts.map((line) => /<(.*?)@/.exec(line)?.[1])).toEqual(['crew', 'news'])
    const failure = await arrived(home, 'Final-Recipient: rfc822;permfail-dot@lists.example.org')
    expect(String(failure.data)).toContain('Action: failed')
    // The list host supports DSN and reports to the sender (RFC 3461 section 5.2.1).
    const told = () => eventsOf(srs, id).filter((one) => one.kind === 'notified')
    await until(() => told().length > 0, { what: 'the notice' })
    expect(told().map((one) => [one.recipient, one.notice])).toEqual([['permfail-dot@lists.example.org', 'failed']])
  })

  it('is the final delivery: without DSN at the list host, the node reports it', async () => {
    lists.change({ lmtp: true, extensions: ['PIPELINING', '8BITMIME'] })
    await srs.stop()
    await srs.start()
    await send(srs, { to: ['crew@lists.example.org'], parameters: ' NOTIFY=SUCCESS ORCPT=rfc822;crew@old.example' })
    const report = String((await arrived(home, 'Action: delivered')).data)
    expect(report).toContain('Original-Recipient: rfc822;crew@old.example')
  })
})

describe('a reply that a rule matches', () => {
  it('is classified, sets the next attempt and pauses the destination', async () => {
    const { id } = await send(srs, { to: ['busy@example.org'] })
    const deferrals = () => eventsOf(srs, id).filter((one) => one.kind === 'deferred')
    await until(() => deferrals().length >= 2, { what: 'two attempts', timeout: 15_000 })
    const [first, second] = deferrals()
    expect(first).toMatchObject({ class: 'rate-limited', advice: 'Wait a little.' })
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(1900)
    expect([...srs.queue()].flatMap((one) => one.recipients.map(({ last }) => last?.class))).toContain('rate-limited')
    busy.change({})
    await srs.emptied()
  })
})

describe('two domains behind one provider', () => {
  it('share the rate of its hosts, and a postponed message counts no attempt', async () => {
    const ids: string[] = []
    for (const to of ['shop', 'club', 'shop', 'club']) ids.push((await send(srs, { to: [`${to}@example.org`] })).id)
    await srs.emptied()
    const events = ids.flatMap((id) => eventsOf(srs, id))
    const times = (kind: Event['kind']) => events.filter((one) => one.kind === kind).map(({ at }) => at)
    expect(times('delivered')).toHaveLength(4)
    expect(Math.max(...times('delivered')) - Math.min(...times('received'))).toBeGreaterThanOrEqual(1500)
    expect(events.flatMap((one) => ('attempt' in one ? [one.attempt] : []))).toEqual([1, 1, 1, 1])
  })
})

describe('a report', () => {
  it('to the sender is signed and hides the destination of the forward; the copy for the operator hides nothing', async () => {
    const { id } = await send(srs, { to: ['gone@example.org'] })
    const report = await arrived(home, `In-Reply-To: ${id}`)
    const text = String(report.data)
    expect(report.mail).toMatch(/^MAIL FROM:<>/)
    expect(text).toContain('Final-Recipient: rfc822;gone@example.org')
    expect(text).not.toMatch(/far\.example|permfail-rcpt/)
    const resolver = createStubResolver({ ...stubDefaults, servers: [{ host: world.dns.host, port: world.dns.port }] })
    const found = await createAuthenticator({ clock: systemClock, resolver }).authenticate({
      remoteIp: '127.0.0.1',
      helo: 'node-1.example.org',
      sender: null,
      content: contentOf(wire(report.data.toString('latin1'))),
      authservId: 'sender.example',
      now: Date.now(),
    })
    expect(found.dkim).toMatchObject([{ result: 'pass', domain: 'example.org', aligned: true }])
    const copy = String((await arrived(ops, `In-Reply-To: ${id}`)).data)
    expect(copy).toContain('Final-Recipient: rfc822;permfail-rcpt@far.example')
    expect(copy).toContain('X-Waypost-Connection: mx.far.example[')
    expect(copy).toContain('X-Waypost-Sender: rfc822;ann@sender.example')
  })

  it('that fails is reported to the operator only', async () => {
    // Most servers send DSNs with NOTIFY=NEVER.
    const { id } = await send(srs, { from: null, to: ['gone@example.org'], parameters: ' NOTIFY=NEVER' })
    const report = String((await arrived(ops, `In-Reply-To: ${id}`)).data)
    expect(report).toContain('X-Waypost-Report: double-bounce')
    ops.change({ moods: { rcpt: 'permfail' } })
    const second = await send(srs, { from: null, to: ['gone@example.org'] })
    const ownReport = () => srs.ledger().filter((one) => one.kind === 'notified' && one.reason === 'operator report')
    await until(() => ownReport().length > 0, { what: 'the end of it' })
    expect(eventsOf(srs, second.id).find(({ kind }) => kind === 'notified')).toMatchObject({ to: 'ops@ops.example' })
    ops.change({})
  })

  it('names the address of a group, and none of its members', async () => {
    const { id } = await send(srs, { to: ['team@example.org'], parameters: ' NOTIFY=SUCCESS' })
    const report = String((await arrived(home, 'Action: expanded')).data)
    expect(report).toContain(`In-Reply-To: ${id}`)
    expect(report).toContain('Final-Recipient: rfc822;team@example.org')
    // A signature is random letters, in which any name may occur.
    expect(report.replaceAll(/^DKIM-Signature:.*\r\n(?:[ \t].*\r\n)*/gm, '')).not.toMatch(/kim|lee|far/)
    const member = await arrived(far, id)
    expect(member.rcpts.every((line) => line.includes('NOTIFY=NEVER'))).toBe(true)
  })

  it('of success is sent by the node if the next server would name a private address', async () => {
    const { id } = await send(srs, { to: ['kim@example.org'], parameters: ' NOTIFY=SUCCESS,FAILURE' })
    const message = await arrived(far, id)
    expect(message.rcpts).toEqual(['RCPT TO:<kim@far.example> NOTIFY=FAILURE'])
    const report = String((await arrived(home, 'Action: relayed')).data)
    expect(report).toContain('Final-Recipient: rfc822;kim@example.org')
    expect(report).not.toContain('far.example')
  })
})

describe('a forward loop', () => {
  it('is rejected when the message arrives a second time', async () => {
    const { id } = await send(srs, { to: ['kim@example.org'] })
    const { data } = await arrived(far, id)
    expect(String(data)).toMatch(/^Delivered-To: <kim@example\.org>\r\nReceived: /)
    const header = `${String(data).split('\r\n')[0]}\r\n`
    expect((await send(srs, { to: ['kim@example.org'], header })).reply).toMatch(/^554 5\.4\.6 /)
    // Kim received the message already and is left out; Lee did not.
    const again = await send(srs, { to: ['kim@example.org', 'lee@example.org'], header })
    expect(again.reply).toMatch(/^250 /)
    await until(() => eventsOf(srs, again.id).some(({ kind }) => kind === 'delivered'), { what: 'the delivery' })
    expect(eventsOf(srs, again.id).find(({ kind }) => kind === 'discarded')).toMatchObject({
      recipient: 'kim@example.org',
    })
  })
})

it('every accepted recipient ended once', async () => {
  expect(brokenPromises(srs.ledger())).toEqual([])
})
