// One message for several destinations, and destinations that do not support it: each recipient has its own outcome, none waits for another,
// and the next server gets only what it supports.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Event, finalKinds } from '../../src/observe/events.ts'
import { brokenPromises } from '../lib/ledger-ends.ts'
import type { SmtpPeer } from '../lib/smtp-peer.ts'
import { until } from '../lib/until.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

let world: World
let node: WholeNode
let far: SmtpPeer
let near: SmtpPeer
let old: SmtpPeer
let serial = 0

beforeAll(async () => {
  world = await startWorld()
  far = await world.destination('far.example')
  near = await world.destination('near.example')
  old = await world.destination('old.example', { extensions: ['PIPELINING', 'SIZE 20000'] })
  const { certificate, key } = world.ca.issue({ names: ['whoever.example'] })
  await world.destination('tls.example', { tls: { cert: certificate, key } })
  await world.destination('broken.example', { tls: { cert: certificate, key }, brokenTls: true })
  world.dns.zone.set('null.example', { MX: '0 .' })
  world.dns.zone.set('dead.example', { MX: ['5 mx.nowhere.example', '10 mx.silent.example', '20 mx.far.example'] })
  world.dns.zone.set('mx.silent.example', { A: world.newAddress() })
  const names = [
    'kim@far',
    'lee@far',
    'sam@near',
    'gone.permfail-rcpt@near',
    'old@old',
    'safe@tls',
    'plain@broken',
    'nil@null',
    'back@dead',
  ]
  node = await world.node({
    role: 'srs',
    mail: {
      domains: ['example.org'],
      forwards: Object.fromEntries(
        names.map((name) => [/^[a-z]+/.exec(name)?.[0], `${name.replace(/^gone\./, '')}.example`]),
      ),
    },
  })
})
afterAll(() => world.close())

interface Mail {
  readonly to: readonly string[]
  readonly body?: string | Buffer
  readonly parameters?: string
  readonly from?: string
}

/** Sends one message and waits until all its recipients have ended. Returns the final events. */
async function fatesOf(mail: Mail): Promise<Record<string, Event>> {
  const id = await submit(mail)
  const finals = () => aboutMail(id).filter(({ kind }) => finalKinds.includes(kind))
  await until(() => finals().length >= mail.to.length, { what: 'the end of every recipient', timeout: 15_000 })
  return Object.fromEntries(finals().map((event) => [event.recipient ?? '', event]))
}

async function submit({
  to,
  body = 'Hello.\r\n',
  parameters = '',
  from = 'ann@sender.example',
}: Mail): Promise<string> {
  const id = `<${++serial}@sender.example>`
  const client = await node.connect()
  await client.expect(null, '220')
  await client.expect('EHLO client.example', '250')
  await client.expect(`MAIL FROM:<${from}>${parameters}`, '250')
  for (const name of to) await client.expect(`RCPT TO:<${name}@example.org>`, '250')
  await client.expect('DATA', '354')
  client.write(`From: ${from}\r\nMessage-ID: ${id}\r\nMIME-Version: 1.0\r\n`)
  client.write(body)
  await client.expect('.', '250')
  client.end()
  return id
}

function aboutMail(messageId: string): Event[] {
  const events = node.ledger()
  const first = events.find((event) => event.kind === 'received' && event.messageId === messageId)
  return events.filter(({ queueId }) => queueId !== null && queueId === first?.queueId)
}

describe('several recipients', () => {
  it('go to each destination in one transaction', async () => {
    const before = [far.messages.length, near.messages.length]
    const fates = await fatesOf({ to: ['kim', 'lee', 'sam'], body: '\r\nTo three.\r\n' })
    expect(Object.values(fates).map(({ kind }) => kind)).toEqual(['delivered', 'delivered', 'delivered'])
    expect([far.messages.length, near.messages.length]).toEqual(before.map((count) => count + 1))
    expect(
      far.messages
        .at(-1)
        ?.rcpts.map((line) => /<(.*)>/.exec(line)?.[1])
        .toSorted(),
    ).toEqual(['kim@far.example', 'lee@far.example'])
    expect(near.messages.at(-1)?.data.toString()).not.toMatch(/kim|lee/)
  })

  it('have separate outcomes, in one domain and in two', async () => {
    const fates = await fatesOf({ to: ['kim', 'sam', 'gone'] })
    expect(fates).toMatchObject({
      'kim@far.example': { kind: 'delivered' },
      'sam@near.example': { kind: 'delivered' },
      'permfail-rcpt@near.example': {
        kind: 'failed',
        status: '5.1.1',
        reply: expect.stringContaining('550 5.1.1 never'),
      },
    })
  })

  it('do not wait for one whose host is down, which gets the message when the host is up', async () => {
    near.change({ moods: { mail: 'disconnect' } })
    const id = await submit({ to: ['kim', 'sam'] })
    const kinds = () => aboutMail(id).map(({ kind }) => kind)
    await until(() => kinds().includes('delivered') && kinds().includes('deferred'), { what: 'both attempts' })
    expect(node.queue().flatMap(({ recipients }) => recipients.map(({ address }) => address))).toEqual([
      'sam@near.example',
    ])
    near.change({})
    await until(() => kinds().filter((kind) => kind === 'delivered').length === 2, { what: 'the retry' })
  })
})

describe('a destination', () => {
  it('with a size limit below the message is not tried: 5.3.4', async () => {
    const fates = await fatesOf({ to: ['old'], body: `\r\n${'A line of text.\r\n'.repeat(2000)}` })
    expect(fates['old@old.example']).toMatchObject({ kind: 'failed', status: '5.3.4' })
    expect(old.commands.filter(({ line }) => line === 'DATA')).toEqual([])
  })

  it('without SMTPUTF8 gets no address beyond ASCII: 5.6.7', async () => {
    const fates = await fatesOf({ to: ['old', 'kim'], from: 'jörg@sender.example', parameters: ' SMTPUTF8' })
    expect(fates['old@old.example']).toMatchObject({ kind: 'failed', status: '5.6.7' })
    expect(fates['kim@far.example']).toMatchObject({ kind: 'delivered' })
    expect(far.messages.at(-1)?.mail).toMatch(/ SMTPUTF8/)
  })

  it('without SMTPUTF8 gets a message that declares it and does not need it', async () => {
    const fates = await fatesOf({ to: ['old'], parameters: ' SMTPUTF8' })
    expect(fates['old@old.example']).toMatchObject({ kind: 'delivered' })
    expect(old.messages.at(-1)?.mail).not.toMatch(/SMTPUTF8/)
  })

  it('gets mail over TLS if it offers TLS, and without TLS if the handshake fails', async () => {
    expect((await fatesOf({ to: ['safe'] }))['safe@tls.example']).toMatchObject({
      kind: 'delivered',
      tls: { level: 'encrypted', policy: 'may', protocol: 'TLSv1.3' },
    })
    expect((await fatesOf({ to: ['plain'] }))['plain@broken.example']).toMatchObject({
      kind: 'delivered',
      tls: { level: 'none', policy: 'may', failure: 'validation-failure' },
    })
  })

  it('with a null MX accepts no mail: 5.1.10 (RFC 7505)', async () => {
    expect((await fatesOf({ to: ['nil'] }))['nil@null.example']).toMatchObject({ kind: 'failed', status: '5.1.10' })
  })

  it('is reached by its third MX host if the first has no address and the second does not answer', async () => {
    expect((await fatesOf({ to: ['back'] }))['back@dead.example']).toMatchObject({
      kind: 'delivered',
      host: expect.stringContaining('mx.far.example'),
    })
  })

  it('that closes after the final dot is tried again, and the ledger warns of a duplicate', async () => {
    near.change({ moods: { dot: 'disconnect' } })
    const id = await submit({ to: ['sam'] })
    await until(() => aboutMail(id).some(({ kind }) => kind === 'deferred'), { what: 'the attempt' })
    near.change({})
    await until(() => aboutMail(id).some(({ kind }) => kind === 'delivered'), { what: 'the retry' })
    expect(aboutMail(id).filter(({ kind }) => finalKinds.includes(kind))).toHaveLength(1)
  })
})

it('every recipient ended once', async () => {
  await node.emptied()
  expect(brokenPromises(node.ledger())).toEqual([])
})
