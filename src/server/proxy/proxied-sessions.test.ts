// Sessions behind a balancer: 127.0.0.2 is one, and every other address is a client that connects itself.

import { connect as connectTls } from 'node:tls'
import { afterEach, describe, expect, it } from 'vitest'
import { binaryHeader, binaryHeaderOf, textHeader } from '../../../test/lib/proxy-headers.ts'
import { admitted } from '../../../test/lib/scripted-hooks.ts'
import { connectDialogue, type SmtpDialogue } from '../../../test/lib/smtp-dialogue.ts'
import { startTestListener, type TestListener, type TestListenerOptions } from '../../../test/lib/test-listener.ts'
import { until } from '../../../test/lib/until.ts'
import { refuse } from '../../policy/verdict.ts'
import { refusal } from '../../smtp/reply.ts'

const BALANCER = '127.0.0.2'
const local = binaryHeader({ command: 0, family: 0 })

let server: TestListener
const start = async (options: TestListenerOptions = {}) => {
  server = await startTestListener({ proxy: [`${BALANCER}/32`], ...options })
}
afterEach(async () => {
  await server.close()
  expect(server.bugs).toEqual([])
})

async function behind(header: string | Uint8Array): Promise<SmtpDialogue> {
  const client = await server.connect({ localAddress: BALANCER })
  client.write(header)
  return client
}

/** Greets, sends one message and ends. */
async function send(client: SmtpDialogue): Promise<void> {
  await client.expect(null, '220')
  await client.expect('EHLO client.example.net', '250')
  await client.expect('MAIL FROM:<lee@example.net>', '250')
  await client.expect('RCPT TO:<kim@example.org>', '250')
  await client.expect('DATA', '354')
  await client.expect('Subject: x\r\n\r\n.', '250')
  await client.expect('QUIT', '221')
}

describe('a client behind a balancer', () => {
  it.each([
    ['1', textHeader('203.0.113.7')],
    ['2', binaryHeaderOf('203.0.113.7')],
  ])('has the address of the header (version %s)', async (_, header) => {
    await start()
    await send(await behind(header))
    expect(server.messages[0]?.session).toMatchObject({ remoteIp: '203.0.113.7' })
    expect(server.headers).toEqual(['client'])
  })

  it.each([true, false])('sends its first commands with the header (greeted at once: %s)', async (greetAtOnce) => {
    await start({ settings: { greetAtOnce } })
    const client = await behind(`${textHeader('203.0.113.7')}EHLO client.example.net\r\n`)
    if (greetAtOnce) await client.expect(null, '220')
    await client.expect(null, greetAtOnce ? '250' : '421 4.7.0')
    if (!greetAtOnce) expect(server.notices[0]?.fields).toMatchObject({ remote: 'unknown[203.0.113.7]' })
  })

  it('starts implicit TLS after the header, also in one segment with it', async () => {
    await start({ settings: { tls: 'implicit' } })
    const plain = await behind(binaryHeaderOf('203.0.113.7'))
    plain.socket.removeAllListeners('data')
    const secured = connectTls({ socket: plain.socket, rejectUnauthorized: false })
    const greeting = await new Promise<string>((resolve) => secured.once('data', (chunk) => resolve(String(chunk))))
    expect(greeting).toMatch(/^220 /)
    secured.write('EHLO client.example.net\r\n')
    await until(() => server.calls.length === 3, { what: 'three hooks' })
    expect(server.calls).toEqual(['connect', 'secured', 'helo client.example.net'])
    secured.destroy()
  })

  it('has its own share of places, and other clients have theirs', async () => {
    await start({ client: 2 })
    const flood = [await behind(textHeader('203.0.113.7')), await behind(binaryHeaderOf('203.0.113.7'))]
    for (const one of flood) await one.expect(null, '220')
    const third = await behind(textHeader('203.0.113.7'))
    await third.expect(null, '421 4.7.0')
    await third.closed()
    expect(server.notices).toMatchObject([
      { fields: { remote: 'unknown[203.0.113.7]', limit: 'unprovenSessions: client' } },
    ])
    const other = await behind(textHeader('198.51.100.9'))
    await other.expect(null, '220')
    flood[0]?.end()
    await flood[0]?.closed()
    await until(async () => (await (await behind(textHeader('203.0.113.7'))).reply()).code === 220, {
      what: 'a free place',
    })
  })

  it('is the fleet node whose address it has', async () => {
    await start({ peer: '198.51.100.1', unproven: { capacity: 1 } })
    for (let index = 0; index < 3; index++) await (await behind(textHeader('198.51.100.1'))).expect(null, '220')
  })

  it('is no program of this host, although both addresses of its header are one', async () => {
    await start({ unproven: { capacity: 1 } })
    const line = 'PROXY TCP4 203.0.113.7 203.0.113.7 40000 25\r\n'
    await (await behind(line)).expect(null, '220')
    await (await behind(line)).expect(null, '421 4.7.0')
  })
})

describe('a client that connects itself', () => {
  it('is served as itself', async () => {
    await start()
    const client = await server.connect({ localAddress: '127.0.0.3' })
    await send(client)
    expect(server.messages[0]?.session).toMatchObject({ remoteIp: '127.0.0.3' })
  })

  it.each([
    ['1', textHeader('203.0.113.7')],
    ['2', binaryHeaderOf('203.0.113.7')],
  ])('cannot send a header of version %s', async (_, header) => {
    await start()
    const client = await server.connect({ localAddress: '127.0.0.3' })
    await client.expect(null, '220')
    client.write(header)
    await client.expect(null, '500 5.5.2')
    await client.expect('EHLO client.example.net', header instanceof Buffer ? '500' : '250')
    expect(server.headers).toEqual([])
  })
})

describe('a balancer', () => {
  it('gets no greeting before its header, and none after a bad one', async () => {
    await start()
    const client = await behind('EHLO client.example.net\r\n')
    await client.closed()
    expect(client.received).toBe('')
    expect(server.headers).toEqual(['malformed'])
    expect(server.notices).toEqual([
      {
        message: 'connection closed: bad PROXY header',
        fields: { listener: 'test', remote: `unknown[${BALANCER}]`, cause: 'no PROXY header' },
      },
    ])
  })

  it('cannot send a second header', async () => {
    await start()
    const client = await behind(textHeader('203.0.113.7') + textHeader('198.51.100.9'))
    await client.expect(null, '220')
    await client.expect(null, '500')
  })

  it('does not wait for others that send no header', async () => {
    await start()
    const silent = await Promise.all(Array.from({ length: 20 }, () => behind('PROXY')))
    await send(await behind(textHeader('203.0.113.7')))
    for (const one of silent) one.reset()
    await until(() => server.headers.filter((result) => result === 'incomplete').length === 20, { what: 'twenty ends' })
  })

  it('does not delay the end of the listener', async () => {
    await start()
    const client = await behind('PROXY')
    await server.listener.drain(0)
    await client.closed()
  })
})

describe('a health check', () => {
  const ways = [
    ['LOCAL', () => local],
    ['UNKNOWN', () => 'PROXY UNKNOWN\r\n'],
    ['its own socket', (port: number) => `PROXY TCP4 ${BALANCER} 127.0.0.1 ${port} 25\r\n`],
  ] as const
  const noOne = refuse(refusal(554, '5.7.1', 'This server accepts known clients only'))

  it.each(ways)('by %s is answered while no client is, and is not logged', async (_, header) => {
    await start({ unproven: { capacity: 1 }, hooks: { connect: async () => noOne } })
    await (await behind(textHeader('203.0.113.7'))).expect(null, '554')
    const open = async () => {
      const check = await server.connect({ localAddress: BALANCER })
      check.write(header(check.socket.localPort ?? 0))
      return check
    }
    const check = await open()
    await check.expect(null, '220')
    await check.expect('HELO localhost', '250')
    await check.expect('QUIT', '221')
    const reset = await open()
    await reset.expect(null, '220')
    reset.reset()
    await until(() => server.listener.sessions() === 0, { what: 'the end of all sessions' })
    expect(server.notices.filter(({ fields }) => String(fields['remote']).includes(BALANCER))).toEqual([])
    expect(server.headers).toEqual(['client', 'own', 'own'])
  })

  it('with TLS needs no certificate', async () => {
    await start({ hooks: { secured: async () => noOne } })
    const check = await behind(local)
    await check.expect(null, '220')
    await check.expect('EHLO localhost', '250')
    await check.expect('STARTTLS', '220')
    await check.startTls()
    await check.expect('EHLO localhost', '250')
    await check.expect('MAIL FROM:<>', '554 5.7.1')
  })

  it('that sends mail is checked as the balancer', async () => {
    await start({
      hooks: { connect: async ({ remoteIp }) => admitted({ origin: { kind: 'internet' }, remoteName: remoteIp }) },
    })
    const check = await behind(local)
    await check.expect(null, '220')
    await check.expect('EHLO balancer.example.org', '250')
    expect(server.calls).toEqual([])
    await check.expect('MAIL FROM:<lee@example.net>', '250')
    expect(server.calls).toEqual(['connect', 'helo balancer.example.org', 'mail lee@example.net'])
    await check.expect('RCPT TO:<kim@example.org>', '250')
    await check.expect('DATA', '354')
    await check.expect('Subject: x\r\n\r\n.', '250')
    expect(server.messages[0]?.session).toMatchObject({ remoteIp: BALANCER, remoteName: BALANCER })
    await check.expect('EHLO balancer.example.org', '250')
    await check.expect('MAIL FROM:<lee@example.net>', '250')
    expect(server.calls.filter((name) => name === 'connect')).toHaveLength(1)
  })

  it('cannot log in where the checks refuse the balancer', async () => {
    await start({ settings: { tls: 'implicit', mechanisms: ['PLAIN'] }, hooks: { connect: async () => noOne } })
    const plain = await connectDialogue({ port: server.port, localAddress: BALANCER })
    plain.write('PROXY UNKNOWN\r\n')
    await plain.startTls()
    await plain.expect(null, '220')
    await plain.expect('EHLO localhost', '250')
    await plain.expect(`AUTH PLAIN ${Buffer.from('\0ann\0secret').toString('base64')}`, '554 5.7.1')
  })
})
