// HAProxy in front of a listener: PROXY headers of both versions, with and without TLS, and its health checks. It connects from 127.0.0.2.

import { afterEach, describe, expect, it } from 'vitest'
import { refuse } from '../../src/policy/verdict.ts'
import { refusal } from '../../src/smtp/reply.ts'
import { ensurePeers } from '../lib/peers/ensure.ts'
import { startHaproxy, type Haproxy } from '../lib/peers/haproxy.ts'
import { connectDialogue } from '../lib/smtp-dialogue.ts'
import { startTestListener, type TestListener, type TestListenerOptions } from '../lib/test-listener.ts'
import { until } from '../lib/until.ts'

const BALANCER = '127.0.0.2'
const CLIENT = '127.0.0.7'
const OTHER = '127.0.0.8'

describe.runIf(ensurePeers(['haproxy']))('HAProxy', () => {
  const stops: (() => Promise<void>)[] = []
  afterEach(async () => {
    for (const stop of stops.splice(0).reverse()) await stop()
  })

  const start = async (
    server: string,
    options: TestListenerOptions = {},
    backend: readonly string[] = [],
  ): Promise<{ readonly node: TestListener; readonly haproxy: Haproxy }> => {
    const node = await startTestListener({ proxy: [`${BALANCER}/32`], ...options })
    stops.push(async () => {
      await node.close()
      expect(node.bugs).toEqual([])
    })
    const haproxy = await startHaproxy({ target: node.port, source: BALANCER, server, backend })
    stops.push(() => haproxy.stop())
    return { node, haproxy }
  }

  const ways = ['send-proxy', 'send-proxy-v2', 'send-proxy-v2 proxy-v2-options crc32c,unique-id']
  const matrix = ways.flatMap((way) => (['starttls', 'implicit'] as const).map((tls) => [way, tls] as const))

  it.each(matrix)('names its clients with %s (%s)', async (way, tls) => {
    const { node, haproxy } = await start(way, { settings: { tls } })
    const at = { port: haproxy.port, localAddress: CLIENT }
    const client = await connectDialogue({ ...at, ...(tls === 'implicit' && { tls: { rejectUnauthorized: false } }) })
    await client.expect(null, '220')
    await client.expect('EHLO client.example.net', '250')
    if (tls === 'starttls') {
      await client.expect('STARTTLS', '220')
      await client.startTls()
      await client.expect('EHLO client.example.net', '250')
    }
    await client.expect('MAIL FROM:<lee@example.net>', '250')
    await client.expect('RCPT TO:<kim@example.org>', '250')
    await client.expect('DATA', '354')
    await client.expect('Subject: x\r\n\r\n.', '250')
    expect(node.messages[0]?.session).toMatchObject({ remoteIp: CLIENT, tls: { version: 'TLSv1.3' } })
    client.end()
  })

  const noOne = refuse(refusal(554, '5.7.1', 'This server accepts known clients only'))
  const checks = [
    ['send-proxy check inter 100', ['option smtpchk']],
    ['send-proxy-v2 check inter 100', ['option smtpchk EHLO balancer.example.org']],
    ['check-send-proxy check inter 100', ['option smtpchk']],
    ['send-proxy check inter 100', []],
    ['send-proxy-v2 check inter 100', []],
    // With an explicit port HAProxy sends no header with its checks, and only connects.
    ['send-proxy check inter 100 port PORT', []],
  ] as const

  it.each(checks)('checks the health of a listener that refuses strangers: %s, %j', async (server, backend) => {
    const { node, haproxy } = await start(server, { hooks: { connect: async () => noOne } }, backend)
    const wanted = { status: 'UP', check: backend.length > 0 ? 'L7OK' : 'L4OK' }
    await until(async () => JSON.stringify(await haproxy.state()) === JSON.stringify(wanted), { what: 'the node up' })
    // A check that only connects is reset, often before its header is read.
    if (backend.length > 0) await until(() => node.headers.length > 3, { what: 'more checks' })
    expect(node.headers.filter((result) => result !== 'own')).toEqual([])
    expect(node.notices).toEqual([])
    expect(node.calls).toEqual([])
    expect(await haproxy.state()).toEqual(wanted)
  })

  it('checks the health through implicit TLS', async () => {
    const settings = { tls: 'implicit' } as const
    const server = 'send-proxy-v2 check inter 100 check-ssl verify none'
    const { node, haproxy } = await start(server, { settings, hooks: { secured: async () => noOne } }, [
      'option smtpchk',
    ])
    await until(async () => (await haproxy.state()).check === 'L7OK', { what: 'the node up' })
    await until(() => node.headers.length > 3, { what: 'more checks' })
    expect([await haproxy.state(), node.notices]).toEqual([{ status: 'UP', check: 'L7OK' }, []])
  })

  it('checks the health of a listener that requires STARTTLS', async () => {
    const settings = { tls: 'starttls-required' } as const
    const { haproxy } = await start('send-proxy-v2 check inter 100', { settings }, ['option smtpchk EHLO localhost'])
    await until(async () => (await haproxy.state()).check === 'L7OK', { what: 'the node up' })
  })

  it('sees the node down when it drains', async () => {
    const { node, haproxy } = await start('send-proxy-v2 check inter 100 fall 1', {}, ['option smtpchk'])
    await until(async () => (await haproxy.state()).check === 'L7OK', { what: 'the node up' })
    await node.listener.drain(0)
    await until(async () => (await haproxy.state()).status.startsWith('DOWN'), { what: 'the node down' })
  })

  it('lets one client fill its share only', async () => {
    const { haproxy } = await start('send-proxy-v2', { client: 5 })
    const open = (localAddress: string) => connectDialogue({ port: haproxy.port, localAddress })
    const flood = await Promise.all(Array.from({ length: 20 }, () => open(CLIENT)))
    const codes = (await Promise.all(flood.map((client) => client.reply()))).map(({ code }) => code)
    expect(codes.filter((code) => code === 220)).toHaveLength(5)
    expect(codes.filter((code) => code === 421)).toHaveLength(15)
    const other = await open(OTHER)
    await other.expect(null, '220')
    for (const client of [...flood, other]) client.reset()
  })

  it('without a header is refused, and clients that connect themselves are served', async () => {
    const { node, haproxy } = await start('')
    const behind = await connectDialogue({ port: haproxy.port, localAddress: CLIENT })
    behind.send('EHLO client.example.net')
    await behind.closed()
    expect(node.headers).toEqual(['malformed'])
    const direct = await connectDialogue({ port: node.port, localAddress: CLIENT })
    await direct.expect(null, '220')
    await direct.expect('QUIT', '221')
  })
})
