// A client that ends its direction after its last command still gets every reply; Exim does this after BDAT LAST and QUIT.

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { afterEach, expect, it, vi } from 'vitest'
import { readAll, type TestHooks } from '../../test/lib/scripted-hooks.ts'
import { startTestListener, type TestListener, type TestListenerOptions } from '../../test/lib/test-listener.ts'

let server: TestListener
afterEach(async () => {
  await server.close()
  expect(server.bugs).toEqual([])
})

const slowly: TestHooks['data'] = async (_session, _transaction, stream) => {
  await readAll(stream)
  await new Promise((resolve) => setTimeout(resolve, 100))
  return { code: 250, enhanced: '2.0.0', text: 'Stored' }
}

/** Sends the stream with the end of the direction behind it, and resolves with all that the server replied. */
async function talk(stream: string, options: TestListenerOptions = {}): Promise<string> {
  server = await startTestListener({ hooks: { data: slowly }, ...options })
  const at = { port: server.port, host: '127.0.0.1', allowHalfOpen: true }
  const socket: Socket =
    options.settings?.tls === 'implicit' ? connectTls({ ...at, rejectUnauthorized: false }) : connect(at)
  let received = ''
  socket.setEncoding('utf8').on('data', (text: string) => (received += text))
  socket.end(stream)
  await once(socket, 'close')
  await vi.waitFor(() => expect(server.listener.sessions()).toBe(0))
  return received
}

const envelope = 'EHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<a@example.org>\r\n'

it.each([
  ['BDAT', 'none'],
  ['DATA', 'none'],
  ['BDAT', 'implicit'],
  ['DATA', 'implicit'],
] as const)('after %s and QUIT, TLS: %s', async (command, tls) => {
  const message = command === 'BDAT' ? 'BDAT 5 LAST\r\nhello' : 'DATA\r\nhello\r\n.\r\n'
  const received = await talk(`${envelope}${message}QUIT\r\n`, { settings: { tls } })
  expect(received).toMatch(/\r\n250 2\.0\.0 Stored\r\n221 2\.0\.0 Bye\r\n$/)
})

it('without QUIT too', async () => {
  expect(await talk(`${envelope}BDAT 5 LAST\r\nhello`)).toMatch(/\r\n250 2\.0\.0 Stored\r\n$/)
})

it.each(['BDAT 6 LAST\r\nhello', 'BDAT 5\r\nhello', 'DATA\r\nhello\r\n', 'BDAT 5 LAST'])(
  'ends a session within %j, without a message',
  async (stream) => {
    const received = await talk(`${envelope}${stream}`)
    expect(received).not.toMatch(/Stored/)
  },
)

it('ends a session without commands', async () => {
  expect(await talk('')).toBe('220 mx.example.org ESMTP\r\n')
})

it('after STARTTLS', async () => {
  server = await startTestListener({ hooks: { data: slowly } })
  const client = await server.greeted()
  await client.expect('STARTTLS', '220')
  await client.startTls()
  client.socket.allowHalfOpen = true
  client.socket.end(`${envelope}BDAT 5 LAST\r\nhelloQUIT\r\n`)
  await client.closed()
  expect(client.received).toMatch(/\r\n250 2\.0\.0 Stored\r\n221 2\.0\.0 Bye\r\n$/)
})
