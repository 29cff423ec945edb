// Access tokens of one client: fetched once, renewed in time, rotated safely, and what happens while the server refuses.

import { generateKeyPairSync } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createFakeClock, type FakeClock } from '../../test/lib/fake-clock.ts'
import { startTokenServer, type TokenServer, type TokenServerOptions } from '../../test/lib/token-server.ts'
import { until } from '../../test/lib/until.ts'
import { createAuthority } from '../demo/ca.ts'
import { createAccessTokens } from './access-tokens.ts'
import type { OauthClient } from './oauth-client.ts'

let folder = ''
let clock: FakeClock
let lines: string[] = []
let server: TokenServer
const servers: TokenServer[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'waypost-oauth-'))
  clock = createFakeClock()
  lines = []
  writeFileSync(join(folder, 'secret'), 'secret of the client\n')
})
afterEach(async () => {
  await Promise.all(servers.splice(0).map((one) => one.close()))
  rmSync(folder, { recursive: true, force: true })
})

async function start(options: TokenServerOptions = {}) {
  server = await startTokenServer(options)
  servers.push(server)
}

const log = {
  warn: (fields: object, message: string) => void lines.push(`${message} ${JSON.stringify(fields)}`),
  info: (_fields: object, message: string) => void lines.push(message),
}

function open(kind: 'credentials' | 'refresh', more: Partial<OauthClient> = {}) {
  const proof = { clientId: 'node', secretFile: join(folder, 'secret'), place: 'post' } as const
  const base = { name: 'x', tokenUrl: server.url, deviceUrl: null, scope: 's', ca: null, timeoutMs: 1000 }
  const grant =
    kind === 'credentials'
      ? ({ kind: 'client-credentials', proof } as const)
      : ({ kind: 'refresh-token', proof, tokenFile: join(folder, 'tokens', 'x.token') } as const)
  return createAccessTokens({ ...base, grant, ...more }, { clock, log })
}

function login(token = 'refresh-1') {
  mkdirSync(join(folder, 'tokens'), { recursive: true })
  writeFileSync(join(folder, 'tokens', 'x.token'), `${token}\n`, { mode: 0o600 })
}

describe('a token', () => {
  it('is asked for once, however many connections need it', async () => {
    await start()
    const tokens = open('credentials')
    const got = await Promise.all(Array.from({ length: 20 }, () => tokens.current()))
    expect(new Set(got.map((one) => JSON.stringify(one))).size).toBe(1)
    expect(server.forms).toEqual([
      { grant_type: 'client_credentials', scope: 's', client_id: 'node', client_secret: 'secret of the client' },
    ])
    expect(tokens.state()).toMatchObject({ problem: null, expiresAt: clock.now() + 3_600_000 })
  })

  it('is renewed before its end, while the old one is still used', async () => {
    await start()
    const tokens = open('credentials')
    const first = await tokens.current()
    await clock.advance(51 * 60_000)
    expect(await tokens.current()).toEqual(first)
    await until(() => server.forms.length === 2, { what: 'the second request' })
    await until(async () => JSON.stringify(await tokens.current()) !== JSON.stringify(first), { what: 'the new token' })
    expect(server.mostAtOnce()).toBe(1)
  })

  it('of a server that gives no time is not kept for long', async () => {
    await start({ lifeSeconds: 0 })
    const tokens = open('credentials')
    await tokens.current()
    await clock.advance(5 * 60_000)
    await tokens.current()
    expect(server.forms).toHaveLength(2)
  })

  it('can be asked for with the secret in a field of the header', async () => {
    await start()
    const proof = { clientId: 'node', secretFile: join(folder, 'secret'), place: 'basic' } as const
    const tokens = open('credentials', { grant: { kind: 'client-credentials', proof } })
    expect(await tokens.current()).toMatchObject({ kind: 'token' })
    expect(server.forms[0]).toEqual({ grant_type: 'client_credentials', scope: 's' })
  })

  it('is asked for over TLS with the authority of a file, and never from another server', async () => {
    const authority = createAuthority('the issuer')
    await start({ tls: authority.issue({ names: ['login.test'], ips: ['127.0.0.1'] }) })
    expect(await open('credentials').current()).toMatchObject({ kind: 'unavailable' })
    expect(await open('credentials', { ca: authority.certificate }).current()).toMatchObject({ kind: 'token' })
    expect(server.forms).toHaveLength(1)
  })

  it('of a service account needs only its key file', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    })
    await start({ serviceKey: publicKey })
    const keyFile = join(folder, 'account.json')
    writeFileSync(
      keyFile,
      JSON.stringify({ client_email: 'a@x.example', private_key: privateKey, private_key_id: '1' }),
    )
    const grant = { kind: 'service-account', keyFile, subject: 'relay@example.org' } as const
    expect(await open('credentials', { grant }).current()).toMatchObject({ kind: 'token' })
    writeFileSync(keyFile, '{}')
    expect(await open('credentials', { grant }).current()).toEqual({
      kind: 'unavailable',
      cause: `${keyFile}: found no client_email and private_key`,
    })
  })
})

describe('a refresh token', () => {
  it('that the server replaces is stored, for its owner only', async () => {
    await start({ rotates: true })
    login()
    const tokens = open('refresh')
    await tokens.current()
    const file = join(folder, 'tokens', 'x.token')
    expect(readFileSync(file, 'utf8')).toBe(`${server.refreshToken()}\n`)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    await clock.advance(3_600_000)
    expect(await tokens.current()).toMatchObject({ kind: 'token' })
    // A restart reads the file.
    expect(await open('refresh').current()).toMatchObject({ kind: 'token' })
  })

  it('is not used while a new one could not be stored', async () => {
    await start({ rotates: true })
    login()
    // A file in place of the folder: root may write everywhere else.
    rmSync(join(folder, 'tokens'), { recursive: true })
    writeFileSync(join(folder, 'tokens'), '')
    const answer = await open('refresh').current()
    expect(answer).toMatchObject({ kind: 'unavailable', cause: expect.stringContaining('could not be stored') })
    expect(server.forms).toEqual([])
  })

  it('that could not be stored is kept in memory and stored later', async () => {
    const file = join(folder, 'tokens', 'x.token')
    // The disk fails between the check and the write: a folder in place of the file.
    const before = () => {
      rmSync(file)
      mkdirSync(join(file, 'in the way'), { recursive: true })
    }
    await start({ rotates: true, before })
    login()
    const tokens = open('refresh')
    expect(await tokens.current()).toMatchObject({ kind: 'token' })
    expect(tokens.state().isUnsaved).toBe(true)
    rmSync(file, { recursive: true })
    await tokens.tick()
    expect(tokens.state().isUnsaved).toBe(false)
    expect(readFileSync(file, 'utf8')).toBe(`${server.refreshToken()}\n`)
  })

  it('that is missing names the command, and the login is found without a restart', async () => {
    await start()
    const tokens = open('refresh')
    expect(await tokens.current()).toMatchObject({ kind: 'unavailable' })
    expect(tokens.state()).toMatchObject({ problem: 'there is no refresh token yet', isPermanent: true })
    login()
    expect(await tokens.current()).toMatchObject({ kind: 'token' })
    expect(tokens.state().problem).toBeNull()
  })
})

describe('a server that refuses', () => {
  it('is not asked again for five minutes, or until a file changes', async () => {
    await start()
    writeFileSync(join(folder, 'secret'), 'wrong\n')
    const tokens = open('credentials')
    for (let i = 0; i < 50; i++) await tokens.current()
    expect(server.forms).toHaveLength(1)
    expect(tokens.state()).toMatchObject({ isPermanent: true, problem: expect.stringContaining('AADSTS7000215') })
    expect(lines).toHaveLength(1)
    expect(lines[0]).not.toContain('wrong')
    await clock.advance(5 * 60_000)
    await tokens.current()
    expect(server.forms).toHaveLength(2)
    writeFileSync(join(folder, 'secret'), 'secret of the client\n')
    expect(await tokens.current()).toMatchObject({ kind: 'token' })
    expect(lines.at(-1)).toContain('again')
  })

  it('for a moment is asked again, later each time, and as late as it wants', async () => {
    await start()
    const tokens = open('credentials')
    server.failWith({ status: 503 })
    await tokens.current()
    expect(tokens.state().isPermanent).toBe(false)
    server.failWith({ status: 429, headers: { 'retry-after': '120' } })
    await clock.advance(5000)
    await tokens.current()
    server.failWith(null)
    await clock.advance(119_000)
    expect(await tokens.current()).toMatchObject({ kind: 'unavailable' })
    await clock.advance(1000)
    expect(await tokens.current()).toMatchObject({ kind: 'token' })
  })

  it.each([
    [{ status: 200, body: { access_token: 'a b', token_type: 'Bearer' } }, 'malformed'],
    [{ status: 200, body: { access_token: 'x', token_type: 'mac' } }, 'without a bearer token'],
    [{ status: 302, headers: { location: 'http://127.0.0.1:1/' } }, 'answered 302'],
  ])('%j is no token', async (failure, cause) => {
    await start()
    server.failWith(failure)
    expect(await open('credentials').current()).toMatchObject({ cause: expect.stringContaining(cause) })
  })

  it('that is down is unavailable', async () => {
    await start()
    await server.close()
    const answer = await open('credentials').current()
    expect(answer).toMatchObject({ kind: 'unavailable', cause: expect.stringContaining('ECONNREFUSED') })
  })
})

describe('a token that a mail server refused', () => {
  it('is replaced once a minute at most', async () => {
    await start()
    const tokens = open('credentials')
    const first = await tokens.current()
    if (first.kind !== 'token') throw new Error('no token')
    const second = await tokens.replace(first.token)
    expect(second.kind).toBe('token')
    // A connection that began with the first one gets the second one without a request.
    expect(await tokens.replace(first.token)).toEqual(second)
    if (second.kind !== 'token') throw new Error('no token')
    expect(await tokens.replace(second.token)).toMatchObject({ kind: 'unavailable' })
    expect(server.forms).toHaveLength(2)
  })
})
