// swaks as a client of a listener with scripted hooks: the dialogue that other people's programs have with us.

import { afterEach, describe, expect, it } from 'vitest'
import { writeFileSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runSwaks } from '../lib/peers/clients.ts'
import { ensurePeers } from '../lib/peers/ensure.ts'
import { startTestListener, testAuthority, type TestListener, type TestListenerOptions } from '../lib/test-listener.ts'

describe.runIf(ensurePeers(['swaks', 'net-ssleay']))('swaks', () => {
  let server: TestListener
  const start = async (options?: TestListenerOptions) => {
    server = await startTestListener(options)
  }
  const swaks = (...args: string[]) =>
    runSwaks(
      `--server=127.0.0.1:${server.port}`,
      '--helo=client.example.net',
      '--timeout=10',
      '--from=lee@example.net',
      '--to=kim@example.org',
      '--body=hello\n.\n..\n.end',
      ...args,
    )
  afterEach(async () => {
    await server.close()
    expect(server.bugs).toEqual([])
  })

  const everywhere: TestListenerOptions = {
    settings: { tls: 'starttls-required', mechanisms: ['PLAIN', 'LOGIN', 'EXTERNAL'], requestCertificate: true },
  }

  it('delivers in the clear', async () => {
    await start()
    const { status, output } = await swaks()
    expect(output).toContain('250 2.0.0 Queued as 1')
    expect(status).toBe(0)
    expect(server.messages[0]?.content.toString()).toContain('\r\n\r\nhello\r\n.\r\n..\r\n.end\r\n')
    expect(server.messages[0]?.transaction.reversePath).toBe('lee@example.net')
  })

  it('delivers over STARTTLS', async () => {
    await start(everywhere)
    const { status, output } = await swaks('--tls')
    expect(output).toMatch(/TLS started with cipher TLSv1\.3/)
    expect(status).toBe(0)
    expect(server.messages[0]?.session.tls?.version).toBe('TLSv1.3')
  })

  it('is refused without required TLS', async () => {
    await start(everywhere)
    const { status, output } = await swaks()
    expect(output).toContain('530 5.7.0')
    expect(status).not.toBe(0)
  })

  it('delivers over implicit TLS', async () => {
    await start({ settings: { tls: 'implicit' } })
    expect((await swaks('--tls-on-connect')).status).toBe(0)
    expect(server.messages[0]?.session.tls).not.toBeNull()
  })

  it.each(['PLAIN', 'LOGIN'])('authenticates with %s', async (mechanism) => {
    await start(everywhere)
    const login = ['--tls', '--auth', mechanism, '--auth-user', 'lee@example.org']
    const { status, output } = await swaks(...login, '--auth-password', 'secret')
    expect(output).toContain('235 2.7.0')
    expect(status).toBe(0)
    expect(server.messages[0]?.session.origin).toEqual({ kind: 'user', identity: 'lee@example.org' })
    const wrong = await swaks(...login, '--auth-password', 'guess')
    expect(wrong.output).toContain('535 5.7.8')
    expect(wrong.status).not.toBe(0)
  })

  it('finds no AUTH before TLS', async () => {
    await start({ settings: { mechanisms: ['PLAIN'] } })
    const { status, output } = await swaks('--auth', 'PLAIN', '--auth-user', 'lee', '--auth-password', 'secret')
    expect(output).not.toContain('250-AUTH')
    expect(status).not.toBe(0)
    expect(server.calls.filter((call) => call.startsWith('auth'))).toEqual([])
  })

  it('shows its client certificate', async () => {
    await start(everywhere)
    const folder = mkdtempSync(join(tmpdir(), 'waypost-swaks-'))
    const machine = testAuthority.issue({ names: ['machine.example.org'], client: true })
    writeFileSync(join(folder, 'key.pem'), machine.key, { mode: 0o600 })
    writeFileSync(join(folder, 'cert.pem'), machine.certificate)
    const { status } = await swaks(
      '--tls',
      '--tls-cert',
      join(folder, 'cert.pem'),
      '--tls-key',
      join(folder, 'key.pem'),
    )
    expect(status).toBe(0)
    expect(server.messages[0]?.session.tls?.certificate).toMatchObject({
      subject: 'CN=machine.example.org',
    })
  })

  it('pipelines, with many recipients', async () => {
    await start()
    const to = Array.from({ length: 20 }, (_, index) => `r${index}@example.org`).join(',')
    expect((await swaks('--pipeline', '--to', to)).status).toBe(0)
    expect(server.messages[0]?.transaction.recipients).toHaveLength(20)
  })

  it('sends large messages, and is refused above the limit', async () => {
    await start({ limits: { messageSize: 300_000 } })
    const attached = (octets: number) => {
      const file = join(mkdtempSync(join(tmpdir(), 'waypost-swaks-')), 'body')
      writeFileSync(file, 'x'.repeat(octets))
      return `@${file}`
    }
    expect((await swaks('--attach', attached(100_000))).status).toBe(0)
    const refused = await swaks('--attach', attached(300_000))
    expect(refused.output).toContain('552 5.3.4')
    expect(server.messages).toHaveLength(1)
  })
})
