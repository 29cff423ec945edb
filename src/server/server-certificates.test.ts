import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import type { TLSSocket } from 'node:tls'
import { createAuthority } from '../demo/ca.ts'
import { connectDialogue } from '../../test/lib/smtp-dialogue.ts'
import { until } from '../../test/lib/until.ts'
import { startTestListener, type TestListener } from '../../test/lib/test-listener.ts'
import type { TlsMaterial } from './tls-material.ts'

const authority = createAuthority('Names')
const rsaKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' })
const issue = (...names: string[]) => authority.issue({ names })
const issueRsa = (...names: string[]) => authority.issue({ names, key: String(rsaKey) })

const first = issue('mx.example.org')
const wildcard = issue('*.example.net', 'example.net')
const named = issue('smtp.example.net')
const twin = issueRsa('mx.example.org')
const material: TlsMaterial = { ...first, ca: null, more: [wildcard, named, twin] }

let server: TestListener
const start = async (tls: 'starttls' | 'implicit', current: { value: TlsMaterial | null } = { value: material }) => {
  server = await startTestListener({ settings: { tls }, certificate: current })
}
afterEach(async () => {
  await server.close()
  expect(server.bugs).toEqual([])
})

interface Asked {
  readonly servername?: string
  readonly ciphers?: string
}

/** The PEM of the certificate that the listener shows. */
async function shown(tls: 'starttls' | 'implicit', { servername = '', ciphers }: Asked): Promise<string> {
  const how = { rejectUnauthorized: false, servername, ...(ciphers && { ciphers, maxVersion: 'TLSv1.2' as const }) }
  const client = await connectDialogue({ port: server.port, ...(tls === 'implicit' && { tls: how }) })
  if (tls === 'starttls') {
    await client.expect(null, '220')
    await client.expect('EHLO client.example.net', '250')
    await client.expect('STARTTLS', '220')
    await client.startTls(how)
  }
  const certificate = (client.socket as TLSSocket).getPeerX509Certificate()
  client.end()
  return certificate?.toString() ?? 'none'
}

const pem = ({ certificate }: { readonly certificate: string }) => new X509Certificate(certificate).toString()

describe.each(['starttls', 'implicit'] as const)('a client with %s', (tls) => {
  it.each([
    ['no name', {}, first],
    ['the first name', { servername: 'mx.example.org' }, first],
    ['the first name in capitals', { servername: 'MX.EXAMPLE.ORG' }, first],
    ['an unknown name', { servername: 'mail.far.example' }, first],
    ['a name of a wildcard', { servername: 'a.example.net' }, wildcard],
    ['two labels for one', { servername: 'a.b.example.net' }, first],
    ['the domain of a wildcard', { servername: 'example.net' }, wildcard],
    ['a name with both', { servername: 'smtp.example.net' }, named],
    ['a name too long for the DNS', { servername: `${'a.'.repeat(126)}net` }, first],
  ])('that sends %s gets the certificate for it', async (_, asked, wanted) => {
    await start(tls)
    expect(await shown(tls, asked)).toBe(pem(wanted))
  })

  it.each(['', 'mx.example.org'])(
    'that knows only RSA or ECDSA gets one of that kind (name %j)',
    async (servername) => {
      await start(tls)
      expect(await shown(tls, { servername, ciphers: 'ECDHE-RSA-AES256-GCM-SHA384' })).toBe(pem(twin))
      expect(await shown(tls, { servername, ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384' })).toBe(pem(first))
    },
  )

  it('gets a new certificate after a reload, and the old one after a bad reload', async () => {
    const current: { value: TlsMaterial | null } = { value: material }
    await start(tls, current)
    const renewed = issue('smtp.example.net')
    current.value = { ...material, more: [renewed] }
    expect(server.listener.updateTls()).toBeNull()
    expect(await shown(tls, { servername: 'smtp.example.net' })).toBe(pem(renewed))
    current.value = { ...material, more: [{ certificate: named.certificate, key: wildcard.key }] }
    expect(server.listener.updateTls()).toMatch(/key/i)
    expect(await shown(tls, { servername: 'smtp.example.net' })).toBe(pem(renewed))
  })
})

describe('a client that does not finish its ClientHello', () => {
  it.each(['starttls', 'implicit'] as const)('is closed in the time of a handshake (%s)', async (tls) => {
    server = await startTestListener({
      settings: { tls },
      certificate: { value: material },
      limits: { handshakeMs: 200 },
    })
    const client = await connectDialogue({ port: server.port })
    if (tls === 'starttls') {
      await client.expect(null, '220')
      await client.expect('EHLO client.example.net', '250')
      await client.expect('STARTTLS', '220')
    }
    client.write(Uint8Array.of(22, 3, 1))
    await client.closed()
    await until(() => server.listener.sessions() === 0, { what: 'the end of the session' })
  })

  it.each(['starttls', 'implicit'] as const)('may leave at any time (%s)', async (tls) => {
    await start(tls)
    for (const how of ['end', 'reset'] as const) {
      const client = await connectDialogue({ port: server.port })
      if (tls === 'starttls') {
        await client.expect(null, '220')
        await client.expect('STARTTLS', '220')
      }
      client.write(Uint8Array.of(22, 3, 1))
      client[how]()
      await client.closed()
    }
    await until(() => server.listener.sessions() === 0, { what: 'the end of all sessions' })
  })
})

it('plaintext behind STARTTLS is dropped, also in the place of a ClientHello (RFC 3207 4.2)', async () => {
  await start('starttls')
  const client = await connectDialogue({ port: server.port })
  await client.expect(null, '220')
  client.write('STARTTLS\r\nMAIL FROM:<lee@example.net>\r\n')
  await client.expect(null, '220')
  client.send('MAIL FROM:<lee@example.net>')
  await client.closed()
  expect(server.calls).not.toContain('mail lee@example.net')
})
