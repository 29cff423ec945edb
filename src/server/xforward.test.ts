// XFORWARD by configured hosts. The one of these tests connects from 127.0.0.2.

import { afterEach, expect, it } from 'vitest'
import { startTestListener, type TestListener } from '../../test/lib/test-listener.ts'
import { forwardedClient } from '../smtp/forwarded-client.ts'

const HOST = '127.0.0.2'
let server: TestListener

async function connect(localAddress = HOST) {
  server = await startTestListener({ xforward: [`${HOST}/32`] })
  return server.greeted({ localAddress })
}
afterEach(async () => {
  await server.close()
  expect(server.bugs).toEqual([])
})

const message = ['MAIL FROM:<>', 'RCPT TO:<a@example.org>', 'DATA']
const codes = ['250', '250', '354']

it('is offered to the configured host only', async () => {
  const client = await connect()
  const { lines } = await client.expect('EHLO relay', '250')
  expect(lines).toContain('250-XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE')
  const stranger = await server.greeted({ localAddress: '127.0.0.3' })
  expect((await stranger.expect('EHLO c', '250')).text).not.toContain('XFORWARD')
  await stranger.expect('XFORWARD ADDR=203.0.113.7', '500 5.5.2')
})

it('names the client of one message, and changes nothing else of the session', async () => {
  const client = await connect()
  await client.expect('XFORWARD NAME=mail.example.net ADDR=203.0.113.7 PORT=4711', '250 2.0.0')
  await client.expect('XFORWARD PROTO=ESMTP HELO=mail+2Eexample IDENT=4gXyZ SOURCE=REMOTE', '250')
  await client.pipeline(message, codes)
  await client.expect('.', '250')
  await client.pipeline(message, codes)
  await client.expect('.', '250')
  const [first, second] = server.messages
  expect(first?.session).toMatchObject({
    remoteIp: HOST,
    helo: 'client.example.net',
    forwarded: { name: 'mail.example.net', ip: '203.0.113.7', helo: 'mail.example', queueId: '4gXyZ', isLocal: false },
  })
  expect(first && forwardedClient(first.session)).toEqual({
    client: 'mail.example.net[203.0.113.7]',
    clientQueueId: '4gXyZ',
  })
  expect(second?.session.forwarded).toBeNull()
})

it('knows programs of that host, and clients that it does not know', async () => {
  const client = await connect()
  await client.expect('XFORWARD NAME=[UNAVAILABLE] ADDR=[UNAVAILABLE] SOURCE=LOCAL IDENT=1', '250')
  await client.pipeline(message, codes)
  await client.expect('.', '250')
  const [one] = server.messages
  expect(one && forwardedClient(one.session)).toEqual({ client: 'local', clientQueueId: '1' })
  await client.expect('XFORWARD ADDR=IPV6:2001:db8::7', '250')
  await client.expect('XFORWARD ADDR=[UNAVAILABLE]', '250')
  await client.pipeline(message, codes)
  await client.expect('.', '250')
  expect(server.messages[1]?.session.forwarded).toMatchObject({ ip: null, isLocal: false })
})

it.each([
  'XFORWARD',
  'XFORWARD ADDR',
  'XFORWARD ADDR=mail.example.net',
  'XFORWARD ADDR=IPV6:203.0.113.7',
  'XFORWARD ADDR=203.0.113.7 ADDR=203.0.113.8',
  'XFORWARD LOGIN=kim',
  'XFORWARD DESTADDR=192.0.2.1',
  'XFORWARD SOURCE=ELSEWHERE',
  'XFORWARD PORT=65536',
  'XFORWARD IDENT=a+20b',
  'XFORWARD NAME=a+0D+0Ab',
])('%s is a syntax error', async (line) => {
  const client = await connect()
  await client.expect(line, '501 5.5.4')
})

it('needs EHLO, and no open transaction', async () => {
  server = await startTestListener({ xforward: [`${HOST}/32`] })
  const client = await server.connect({ localAddress: HOST })
  await client.expect(null, '220')
  await client.expect('XFORWARD ADDR=203.0.113.7', '503 5.5.1')
  await client.expect('EHLO relay', '250')
  await client.expect('MAIL FROM:<>', '250')
  await client.expect('XFORWARD ADDR=203.0.113.7', '503 5.5.1')
})
