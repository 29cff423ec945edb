// XCLIENT: 127.0.0.2 is a front end, every other address is not.

import { afterEach, describe, expect, it } from 'vitest'
import { admitted } from '../../test/lib/scripted-hooks.ts'
import type { SmtpDialogue } from '../../test/lib/smtp-dialogue.ts'
import {
  startTestListener,
  testAuthority,
  type TestListener,
  type TestListenerOptions,
} from '../../test/lib/test-listener.ts'
import { refuse } from '../policy/verdict.ts'
import { refusal } from '../smtp/reply.ts'
import { readXclient } from './commands/xclient-attributes.ts'

const FRONT = '127.0.0.2'

let server: TestListener
const start = async (options: TestListenerOptions = {}) => {
  server = await startTestListener({ xclient: [`${FRONT}/32`], ...options })
}
afterEach(async () => {
  await server?.close()
  expect(server?.bugs ?? []).toEqual([])
})
const front = () => server.greeted({ localAddress: FRONT })

async function send(client: SmtpDialogue): Promise<void> {
  await client.expect('MAIL FROM:<lee@example.net>', '250')
  await client.expect('RCPT TO:<kim@example.org>', '250')
  await client.expect('DATA', '354')
  await client.expect('Subject: x\r\n\r\n.', '250')
}

describe('a front end', () => {
  it('is offered XCLIENT without LOGIN, and names its client', async () => {
    await start()
    const client = await server.connect({ localAddress: FRONT })
    await client.expect(null, '220')
    const { text } = await client.expect('EHLO front.example.org', '250')
    expect(text.split('\n')).toContain('XCLIENT NAME ADDR PORT PROTO HELO DESTADDR DESTPORT')
    const names =
      'NAME=mail.example.net ADDR=203.0.113.7 PORT=4711 PROTO=ESMTP HELO=mail.example.net DESTADDR=192.0.2.25 DESTPORT=25'
    expect((await client.expect(`XCLIENT ${names}`, '220')).lines).toEqual(['220 mx.example.org ESMTP'])
    await client.expect('MAIL FROM:<lee@example.net>', '503')
    await client.expect('EHLO front.example.org', '250')
    await send(client)
    expect(server.messages[0]?.session).toMatchObject({ remoteIp: '203.0.113.7', helo: 'mail.example.net' })
    expect(server.calls.filter((name) => name === 'connect')).toHaveLength(2)
  })

  it('names several clients in one session, but not within a transaction', async () => {
    await start()
    const client = await front()
    for (const ip of ['203.0.113.7', 'IPV6:2001:DB8::7']) {
      await client.expect(`xclient addr=${ip} helo=[UNAVAILABLE] name=[TEMPUNAVAIL]`, '220')
      await client.expect('EHLO named.example.net', '250')
      await send(client)
    }
    const seen = server.messages.map(({ session }) => [session.remoteIp, session.helo])
    expect(seen).toEqual([
      ['203.0.113.7', 'named.example.net'],
      ['2001:db8::7', 'named.example.net'],
    ])
    await client.expect('MAIL FROM:<lee@example.net>', '250')
    await client.expect('XCLIENT ADDR=203.0.113.8', '503 5.5.1')
  })

  it('passes nothing on that it has proven: origin, name, login, certificate', async () => {
    const { certificate: cert, key } = testAuthority.issue({ names: ['front.example.org'], client: true })
    await start({
      settings: { requestCertificate: true, mechanisms: ['PLAIN'] },
      hooks: {
        connect: async ({ remoteIp }) =>
          remoteIp === FRONT
            ? admitted({ origin: { kind: 'peer', role: 'mx', vouched: 'nothing' }, remoteName: 'front.example.org' })
            : admitted(),
      },
    })
    const client = await front()
    await client.expect('STARTTLS', '220')
    await client.startTls({ cert, key })
    await client.expect('EHLO front.example.org', '250')
    await client.expect(`AUTH PLAIN ${Buffer.from('\0ann\0secret').toString('base64')}`, '235')
    await client.expect('XCLIENT ADDR=203.0.113.7', '220')
    const { text } = await client.expect('EHLO client.example.net', '250')
    expect(text).toContain('AUTH PLAIN')
    await send(client)
    expect(server.messages[0]?.session).toMatchObject({
      remoteIp: '203.0.113.7',
      remoteName: null,
      origin: null,
      authenticated: false,
      tls: { version: 'TLSv1.3', certificate: null },
    })
  })

  it('gets the refusal of its client, and may only quit', async () => {
    const reply = refusal(554, '5.7.1', 'No')
    await start({ hooks: { connect: async ({ remoteIp }) => (remoteIp === FRONT ? admitted() : refuse(reply)) } })
    const client = await front()
    await client.expect('XCLIENT ADDR=203.0.113.7', '554 5.7.1')
    await client.expect('EHLO c', '503 5.5.1')
    await client.expect('QUIT', '221')
    await client.closed()
  })

  it('uses the places of its clients, and gives them back', async () => {
    await start({ client: 2, unproven: { capacity: 3 } })
    const named = async (ip: string, code: string) => {
      const client = await front()
      await client.expect(`XCLIENT ADDR=${ip}`, code)
      return client
    }
    const first = await named('203.0.113.7', '220')
    await named('203.0.113.7', '220')
    await (await named('203.0.113.7', '421 4.7.0')).closed()
    await named('198.51.100.9', '220')
    // Strangers hold every place without a proof; the front end still connects.
    await (await named('198.51.100.10', '421 4.7.0')).closed()
    await first.expect('QUIT', '221')
    await first.closed()
    await named('198.51.100.10', '220')
  })
})

it('another host is not offered XCLIENT, and cannot use it', async () => {
  await start()
  const client = await server.connect({ localAddress: '127.0.0.3' })
  await client.expect(null, '220')
  expect((await client.expect('EHLO client.example.net', '250')).text).not.toContain('XCLIENT')
  await client.expect('XCLIENT ADDR=203.0.113.7', '500 5.5.2')
  await send(client)
  expect(server.messages[0]?.session).toMatchObject({ remoteIp: '127.0.0.3' })
})

describe('the attributes', () => {
  it.each([
    ['ADDR=203.0.113.7', '203.0.113.7', null],
    ['ADDR=ipv6:::ffff:203.0.113.7', '203.0.113.7', null],
    ['HELO=a+2Bb  ADDR=203.0.113.7', '203.0.113.7', 'a+b'],
    ['ADDR=203.0.113.7 PORT=[UNAVAILABLE] DESTADDR=[unavailable]', '203.0.113.7', null],
  ])('%s are read', (argument, ip, helo) => {
    expect(readXclient(argument)).toEqual({ ip, helo })
  })

  it.each([
    '',
    'ADDR',
    'ADDR=',
    'ADDR=[UNAVAILABLE]',
    'NAME=mail.example.net',
    'ADDR=2001:db8::7',
    'ADDR=IPV6:203.0.113.7',
    'ADDR=IPV6:fe80::1%eth0',
    'ADDR=203.0.113.07',
    'ADDR=203.0.113.7 ADDR=203.0.113.8',
    'ADDR=203.0.113.7=1',
    'ADDR=203.0.113.7 LOGIN=ann',
    'ADDR=203.0.113.7 PORT=65536',
    'ADDR=203.0.113.7 PORT=x',
    'ADDR=203.0.113.7 PROTO=LMTP',
    'ADDR=203.0.113.7 HELO=a+0D+0Ab',
    'ADDR=203.0.113.7 HELO=a+',
    'ADDR=203.0.113.7 NAME=a(b)',
    'ADDR=203.0.113.7 constructor=1',
  ])('%j are refused', (argument) => {
    expect(readXclient(argument)).toBeNull()
  })
})
