import { createHash, X509Certificate } from 'node:crypto'
import type { TLSSocket } from 'node:tls'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createAuthority } from '../demo/ca.ts'
import { refuse } from '../policy/verdict.ts'
import { refusal } from '../smtp/reply.ts'
import type { Session } from '../smtp/session.ts'
import { admitted } from '../../test/lib/scripted-hooks.ts'
import { connectDialogue } from '../../test/lib/smtp-dialogue.ts'
import {
  startTestListener,
  testAuthority,
  type TestListener,
  type TestListenerOptions,
  testPlaces,
} from '../../test/lib/test-listener.ts'

let server: TestListener
const start = async (options?: TestListenerOptions) => {
  server = await startTestListener(options)
  return server
}
afterEach(async () => {
  await server.close()
  expect(server.bugs).toEqual([])
})

const machine = testAuthority.issue({ names: ['machine.example.org'], client: true })
const trusting = { ca: testAuthority.certificate, servername: 'localhost', rejectUnauthorized: true }
const sha256 = (octets: Uint8Array) => createHash('sha256').update(octets).digest('hex')

/** Starts a listener and returns the sessions that its `secured` hook gets. */
async function startSeeing(settings: TestListenerOptions['settings']): Promise<Session[]> {
  const seen: Session[] = []
  const secured = async (session: Session) => {
    seen.push({ ...session })
    return admitted(session)
  }
  await start({ settings, hooks: { secured } })
  return seen
}

describe('STARTTLS', () => {
  it('upgrades and drops what the client sent before (RFC 3207 4.2)', async () => {
    const seen = await startSeeing({ mechanisms: ['PLAIN'] })
    const client = await server.greeted()
    await client.expect('MAIL FROM:<>', '250')
    await client.expect('STARTTLS', '220 2.0.0')
    await client.startTls(trusting)
    await vi.waitFor(() => expect(seen).toHaveLength(1))
    expect(seen).toMatchObject([{ helo: null, esmtp: false, tls: { certificate: null } }])
    expect(seen[0]?.tls?.version).toBe('TLSv1.3')
    expect(seen[0]?.tls?.cipher).toMatch(/^TLS_/)
    await client.expect('RCPT TO:<a@example.org>', '503')
    await client.expect('MAIL FROM:<>', '503')
    const ehlo = await client.expect('EHLO c', '250')
    expect(ehlo.text).not.toContain('STARTTLS')
    expect(ehlo.text).toContain('AUTH PLAIN')
    await client.expect('STARTTLS', '503 5.5.1')
    await client.expect('MAIL FROM:<>', '250')
  })

  it('drops plaintext after it without a reply', async () => {
    await start()
    const client = await server.greeted()
    const injected = ['EHLO evil', 'MAIL FROM:<evil@example.net>', 'RCPT TO:<v@example.org>']
    client.write(
      ['STARTTLS', ...injected, ...Array<string>(500).fill('NOOP'), 'EHL'].map((line) => `${line}\r\n`).join(''),
    )
    await client.expect(null, '220')
    await client.startTls(trusting)
    await client.expect('NOOP', '250 2.0.0')
    await client.expect('MAIL FROM:<>', '503')
    expect(server.calls.filter((call) => call.includes('evil'))).toEqual([])
  })

  it('is required before other commands where the listener requires TLS (RFC 3207 4)', async () => {
    await start({
      settings: { tls: 'starttls-required', mechanisms: ['PLAIN'] },
      limits: { hardErrors: 100, softErrors: 100 },
    })
    const client = await server.greeted()
    for (const command of [
      'MAIL FROM:<>',
      'RCPT TO:<a@example.org>',
      'DATA',
      'RSET',
      'VRFY a',
      'HELP',
      'AUTH PLAIN',
      'HELO c',
    ])
      await client.expect(command, '530 5.7.0')
    await client.expect('NOOP', '250')
    await client.expect('STARTTLS', '220')
    await client.startTls(trusting)
    await client.expect('EHLO c', '250')
    await client.expect('MAIL FROM:<>', '250')
  })

  it('is not offered where the listener has no TLS', async () => {
    await start({ settings: { tls: 'none' } })
    const client = await server.connect()
    await client.expect(null, '220')
    expect((await client.expect('EHLO c', '250')).text).not.toContain('STARTTLS')
    await client.expect('STARTTLS', '502 5.5.1')
  })

  it('survives a client that sends random octets instead of a handshake', async () => {
    await start()
    const client = await server.greeted()
    await client.expect('STARTTLS', '220')
    client.write('this is not a handshake\r\n'.repeat(20))
    await client.closed()
    await server.greeted()
    expect(server.notices.length).toBeGreaterThan(0)
  })

  it('ends a handshake that stalls', async () => {
    await start({ limits: { handshakeMs: 100 } })
    const client = await server.greeted()
    await client.expect('STARTTLS', '220')
    await client.closed()
    await vi.waitFor(() => expect(server.listener.sessions()).toBe(0))
  })

  it('ends a session that resets during the handshake', async () => {
    await start()
    const client = await server.greeted()
    await client.expect('STARTTLS', '220')
    client.write(Buffer.from('16030100', 'hex'))
    client.reset()
    await vi.waitFor(() => expect(server.listener.sessions()).toBe(0))
  })

  it('offers REQUIRETLS under TLS only, and where a way onward keeps it (RFC 8689)', async () => {
    await start({ settings: { requireTls: true } })
    const client = await server.greeted()
    await client.expect('MAIL FROM:<> REQUIRETLS', '555 5.5.4')
    await client.expect('STARTTLS', '220')
    await client.startTls(trusting)
    expect((await client.expect('EHLO c', '250')).text).toContain('REQUIRETLS')
    await client.pipeline(['MAIL FROM:<> REQUIRETLS', 'RCPT TO:<a@example.org>', 'DATA'], ['250', '250', '354'])
    await client.expect('.', '250')
    expect(server.messages[0]?.transaction.parameters.requireTls).toBe(true)
  })

  it('refuses TLS 1.1 and lower (RFC 8996)', async () => {
    await start()
    const client = await server.greeted()
    await client.expect('STARTTLS', '220')
    await expect(
      client.startTls({ minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }),
    ).rejects.toThrow()
  })

  it('gives the refusal of the secured hook to every command but QUIT (RFC 3207 4.1)', async () => {
    await start({ hooks: { secured: async () => refuse(refusal(554, '5.7.1', 'Unknown certificate')) } })
    const client = await server.greeted()
    await client.expect('STARTTLS', '220')
    await client.startTls(trusting)
    await client.expect('EHLO c', '554 5.7.1')
    await client.expect('MAIL FROM:<>', '554 5.7.1')
    await client.expect('QUIT', '221')
    await client.closed()
    expect(server.calls.filter((call) => call.startsWith('mail'))).toEqual([])
  })
})

describe('client certificates', () => {
  it.each(['starttls', 'implicit'] as const)('are seen with both fingerprints over %s', async (mode) => {
    const seen = await startSeeing({ tls: mode, requestCertificate: true })
    const client = await securely(mode, { key: machine.key, cert: machine.certificate })
    await client.expect('EHLO c', '250')
    const certificate = new X509Certificate(machine.certificate)
    expect(seen[0]?.tls?.certificate).toEqual({
      subject: 'CN=machine.example.org',
      fingerprint: sha256(certificate.raw),
      keyFingerprint: sha256(certificate.publicKey.export({ type: 'spki', format: 'der' })),
      der: certificate.raw,
    })
  })

  it.each(['starttls', 'implicit'] as const)('of strangers reach the hook too over %s', async (mode) => {
    const stranger = createAuthority('Elsewhere').issue({ names: ['stranger.example.net'], client: true })
    const ended = testAuthority.issue({ names: ['ended.example.org'], client: true, days: -1 })
    const seen = await startSeeing({ tls: mode, requestCertificate: true })
    for (const identity of [stranger, ended]) {
      const client = await securely(mode, { key: identity.key, cert: identity.certificate })
      await client.expect('EHLO c', '250')
    }
    expect(seen.map((session) => session.tls?.certificate?.fingerprint)).toEqual(
      [stranger, ended].map(({ certificate }) => sha256(new X509Certificate(certificate).raw)),
    )
  })

  it('can have a subject of any length; only its start is kept', async () => {
    const seen = await startSeeing({ tls: 'implicit', requestCertificate: true })
    const stranger = createAuthority('Elsewhere').issue({ names: [`${'long'.repeat(4000)}.example`], client: true })
    const client = await securely('implicit', { key: stranger.key, cert: stranger.certificate })
    await client.expect('EHLO c', '250')
    const subject = seen[0]?.tls?.certificate?.subject ?? ''
    expect(subject).toMatch(/^CN=longlong/)
    expect(subject.length).toBeLessThanOrEqual(256)
  })

  it.each(['starttls', 'implicit'] as const)(
    'may have no subject over %s: its other names stand for it',
    async (mode) => {
      const seen = await startSeeing({ tls: mode, requestCertificate: true })
      const modern = testAuthority.issue({ names: ['mta.example.net'], noSubject: true })
      const client = await securely(mode, { key: modern.key, cert: modern.certificate })
      await client.expect('EHLO c', '250')
      expect(seen[0]?.tls?.certificate?.subject).toBe('DNS:mta.example.net')
    },
  )

  it('are optional: the hook decides', async () => {
    const seen = await startSeeing({ tls: 'implicit', requestCertificate: true })
    await (await securely('implicit')).expect('EHLO c', '250')
    expect(seen).toMatchObject([{ tls: { certificate: null } }])
  })

  it('are not requested where the listener does not use them', async () => {
    const seen = await startSeeing({ tls: 'implicit', requestCertificate: false })
    await (await securely('implicit', { key: machine.key, cert: machine.certificate })).expect('EHLO c', '250')
    expect(seen).toMatchObject([{ tls: { certificate: null } }])
  })

  it('stay with a resumed TLS session', async () => {
    const seen = await startSeeing({ tls: 'implicit', requestCertificate: true })
    const options = { key: machine.key, cert: machine.certificate, ...trusting, maxVersion: 'TLSv1.2' } as const
    const first = await connectDialogue({ port: server.port, tls: options })
    await first.expect(null, '220')
    const session = (first.socket as TLSSocket).getSession()
    first.end()
    const second = await connectDialogue({ port: server.port, tls: { ...options, session } })
    await second.expect(null, '220')
    expect((second.socket as TLSSocket).isSessionReused()).toBe(true)
    expect(seen[1]?.tls?.certificate).toEqual(seen[0]?.tls?.certificate)
  })

  async function securely(mode: 'starttls' | 'implicit', identity: { key?: string; cert?: string } = {}) {
    if (mode === 'implicit') {
      const client = await server.connect({ tls: { ...trusting, ...identity } })
      await client.expect(null, '220')
      return client
    }
    const client = await server.greeted()
    await client.expect('STARTTLS', '220')
    await client.startTls({ ...trusting, ...identity })
    return client
  }
})

describe('implicit TLS', () => {
  it('greets inside TLS, after the connect and secured hooks', async () => {
    await start({ settings: { tls: 'implicit' } })
    const client = await server.connect({ tls: trusting })
    await client.expect(null, '220')
    expect(server.calls).toEqual(['connect', 'secured'])
    await client.expect('EHLO c', '250')
    await client.pipeline(['MAIL FROM:<>', 'RCPT TO:<a@example.org>', 'DATA'], ['250', '250', '354'])
    await client.expect('.', '250')
  })

  it('counts handshakes as connections and closes those above the limit', async () => {
    await start({ settings: { tls: 'implicit' }, client: 1, limits: { handshakeMs: 300 } })
    const localAddress = '127.0.0.2'
    const silent = await connectDialogue({ port: server.port, localAddress })
    await expect(server.connect({ tls: trusting, localAddress })).rejects.toThrow()
    await silent.closed()
    const client = await server.connect({ tls: trusting, localAddress })
    await client.expect(null, '220')
  })

  it('ends a silent handshake of a stranger after the time of the unproven', async () => {
    await start({ settings: { tls: 'implicit' }, limits: { unprovenMs: 100 } })
    const silent = await connectDialogue({ port: server.port, localAddress: '127.0.0.2' })
    await silent.closed()
  })

  it('survives plaintext on its port', async () => {
    await start({ settings: { tls: 'implicit' } })
    const client = await connectDialogue({ port: server.port })
    client.write('EHLO c\r\n')
    await client.closed()
    expect(client.received).not.toContain('250')
  })

  it('uses a new certificate for later handshakes only', async () => {
    let current = testAuthority.issue({ names: ['localhost'] })
    const { startListener } = await import('./listener.ts')
    const { systemClock } = await import('../lib/clock.ts')
    server = await start({ settings: { tls: 'implicit' } })
    const settings = { name: 'other', host: '127.0.0.1', port: 0, tls: 'implicit', requestCertificate: false } as const
    const listener = await startListener(
      { ...settings, mechanisms: [], requireTls: false, greetAtOnce: true },
      {
        hooks: server.hooks,
        certificate: {
          get value() {
            return { ...current, ca: null }
          },
        },
        log: { info: () => {}, bug: () => {} },
        clock: systemClock,
        hostname: 'mx.example.org',
        places: testPlaces(),
      },
    )
    const shown = async () => {
      const client = await connectDialogue({ port: listener.address().port, tls: trusting })
      const { raw } = (client.socket as TLSSocket).getPeerCertificate()
      client.end()
      return sha256(raw)
    }
    const before = await shown()
    const good = current
    current = { ...testAuthority.issue({ names: ['localhost'] }), key: good.key }
    expect(listener.updateTls()).toMatch(/key/i)
    expect(await shown()).toBe(before)
    current = testAuthority.issue({ names: ['localhost'] })
    expect(listener.updateTls()).toBeNull()
    expect(await shown()).not.toBe(before)
    await listener.close()
  })
})
