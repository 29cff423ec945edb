// What servers can do to the check that looks at their certificates.

import { createServer, type Server, type Socket } from 'node:net'
import type { AddressInfo } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { X509Certificate } from 'node:crypto'
import { afterEach, expect, it } from 'vitest'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import { startSmtpPeer } from '../../test/lib/smtp-peer.ts'
import { until } from '../../test/lib/until.ts'
import { createAuthority } from '../demo/ca.ts'
import { systemClock } from '../lib/clock.ts'
import { createShow } from './show-certificate.ts'

const authority = createAuthority('Shown')
const issued = authority.issue({ names: ['mx-01.example.org'] })
const tls = { cert: `${issued.certificate}${authority.certificate}`, key: issued.key }
const open: Pick<Server, 'close'>[] = []
afterEach(() => {
  for (const one of open.splice(0)) one.close()
})

async function listening(server: Server): Promise<number> {
  open.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}
const show = (port: number, kind: 'implicit' | 'starttls', clock = systemClock) =>
  createShow({ helo: 'check.example.org' }, clock)({ address: '127.0.0.1', port, tls: kind, name: 'mx-01.example.org' })

/** Writes a text for each line of the client, the first one at once. */
async function scripted(...replies: string[]): Promise<number> {
  return listening(
    createServer((socket: Socket) => {
      const left = [...replies]
      const next = () => void socket.write(left.shift() ?? '')
      socket.on('error', () => undefined).on('data', next)
      next()
    }),
  )
}

it('shows the certificate with its chain, after STARTTLS and with implicit TLS', async () => {
  const peer = await startSmtpPeer({ tls })
  const byStartTls = await show(peer.port, 'starttls')
  await peer.close()
  const implicit = await show(await listening(createTlsServer(tls)), 'implicit')
  for (const shown of [byStartTls, implicit]) {
    const blocks = shown.kind === 'shown' ? shown.pem.split(/(?<=-----END CERTIFICATE-----\n)/) : []
    expect(blocks.map((one) => new X509Certificate(one).fingerprint256)).toEqual(
      [issued.certificate, authority.certificate].map((one) => new X509Certificate(one).fingerprint256),
    )
  }
})

it.each([
  ['refuses the connection', ['554 5.7.1 go away\r\n'], { kind: 'unreachable', cause: 'it answers 554 5.7.1 go away' }],
  [
    'knows no STARTTLS',
    ['220 a\r\n', '250 a\r\n', '502 5.5.1 no\r\n'],
    { kind: 'no-tls', cause: 'it answers 502 5.5.1 no' },
  ],
  [
    'has replies of many lines',
    ['220-a\r\n220 b\r\n', '250-a\r\n250-STARTTLS\r\n250 OK\r\n', '454 4.7.0 later\r\n'],
    { kind: 'no-tls', cause: 'it answers 454 4.7.0 later' },
  ],
  [
    'writes control characters',
    ['554 a\x1b[2Jb\r\n'],
    { kind: 'unreachable', cause: expect.not.stringContaining('\x1b') },
  ],
  [
    'sends more before TLS',
    ['220 a\r\n', '250 a\r\n', '220 go\r\n250 injected\r\n'],
    { kind: 'no-tls', cause: 'it sends more before TLS' },
  ],
  ['never ends a reply', ['220-a\r\n'.repeat(4000)], { kind: 'no-tls', cause: 'the replies are too long' }],
  [
    'speaks no TLS',
    ['220 a\r\n', '250 a\r\n', '220 go\r\n', 'nonsense'],
    { kind: 'no-tls', cause: expect.stringContaining('handshake') },
  ],
])('a server that %s', async (_what, replies, expected) => {
  expect(await show(await scripted(...replies), 'starttls')).toMatchObject(expected)
})

it('a server that closes, or is not there', async () => {
  const closing = await listening(createServer((socket) => void socket.end()))
  expect(await show(closing, 'starttls')).toMatchObject({ kind: 'unreachable', isRoute: false })
  expect(await show(closing, 'implicit')).toMatchObject({ kind: expect.stringMatching(/no-tls|unreachable/) })
  const gone = createServer()
  const port = await listening(gone)
  open.pop()
  await new Promise<void>((resolve) => gone.close(() => resolve()))
  expect(await show(port, 'starttls')).toMatchObject({
    kind: 'unreachable',
    cause: expect.stringContaining('ECONNREFUSED'),
  })
})

it('a silent server has one deadline', async () => {
  const clock = createFakeClock()
  const accepted = { value: 0 }
  const port = await listening(createServer((socket) => (accepted.value++, void socket.on('error', () => undefined))))
  const shown = show(port, 'starttls', clock)
  await until(() => accepted.value === 1, { what: 'the connection' })
  await clock.advance(20_000)
  expect(await shown).toEqual({ kind: 'unreachable', cause: 'no answer within 20 s', isRoute: false })
})
