// Users with client certificates and revocation lists of openssl, at a whole submission node.

import { execFileSync, spawnSync } from 'node:child_process'
import { createHash, X509Certificate } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { plainSerial } from '../../src/x509/der-reader.ts'
import { readRevocationList } from '../../src/auth/revocation-list.ts'
import { writeAccounts } from '../lib/accounts.ts'
import {
  createOpensslAuthority,
  type IssuedByOpenssl,
  type KeyKind,
  type OpensslAuthority,
} from '../lib/peers/openssl-authority.ts'
import { ensurePeers } from '../lib/peers/ensure.ts'
import { runWaypost } from '../lib/run-waypost.ts'
import { until } from '../lib/until.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

const email = (address: string) => [`subjectAltName = email:${address}`, 'extendedKeyUsage = clientAuth']
const base64 = (text: string) => Buffer.from(text).toString('base64')
const parsed = (file: string) => new X509Certificate(readFileSync(file))

describe.runIf(ensurePeers(['openssl']))('revocation lists of openssl', () => {
  let world: World
  beforeAll(async () => {
    world = await startWorld()
  })
  afterAll(() => world.close())

  it.each<KeyKind>(['rsa', 'ec', 'ed25519'])('of an authority with a key of type %s', (kind) => {
    const authority = createOpensslAuthority(join(world.folder, `of-${kind}`), kind)
    const [good, gone] = [
      authority.issue('good', email('a@example.org')),
      authority.issue('gone', email('b@example.org')),
    ]
    const ca = parsed(authority.certificate)
    const empty = readRevocationList(authority.list(), [ca])
    expect(empty).toMatchObject({ kind: 'read', list: { authority: ca.fingerprint256 } })
    authority.revoke(gone)
    const der = authority.list()
    const read = readRevocationList(der, [ca])
    if (read.kind !== 'read') throw new Error(read.problem)
    const isRevoked = ({ certificate }: IssuedByOpenssl) =>
      read.list.revoked.has(plainSerial(parsed(certificate).serialNumber))
    expect([isRevoked(good), isRevoked(gone)]).toEqual([false, true])
    expect((read.list.nextUpdate ?? 0) - read.list.thisUpdate).toBe(7 * 86_400_000)
    const pem = execFileSync('openssl', ['crl', '-inform', 'DER'], { input: der })
    expect(readRevocationList(pem, [ca])).toEqual(read)
    expect(readRevocationList(der, []).kind).toBe('bad')
    // No changed octet is accepted, and none throws.
    for (let at = 0; at < der.length; at++) {
      const changed = Buffer.from(der)
      changed[at] = (changed[at] ?? 0) ^ 0x41
      expect([at, readRevocationList(changed, [ca]).kind]).toEqual([at, 'bad'])
      expect(readRevocationList(der.subarray(0, at), [ca]).kind).toBe('bad')
    }
  })
})

describe.runIf(ensurePeers(['openssl']))('a user with a client certificate', () => {
  let world: World
  let node: WholeNode
  let authority: OpensslAuthority
  let server: Server
  let served: Buffer | null
  const issued: Record<string, IssuedByOpenssl> = {}
  const list = () => join(world.folder, 'people.crl')

  const settings = (changes: object = {}) => ({
    ca: authority.certificate,
    pins: '../pins.yaml',
    crl: [list(), `http://127.0.0.1:${(server.address() as AddressInfo).port}/people.crl`],
    ...changes,
  })

  beforeAll(async () => {
    world = await startWorld()
    await world.destination('far.example')
    authority = createOpensslAuthority(join(world.folder, 'people'))
    const stranger = createOpensslAuthority(join(world.folder, 'strangers'))
    served = null
    server = createServer((_request, response) => (served ? response.end(served) : response.writeHead(503).end()))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    Object.assign(issued, {
      lee: authority.issue('lee', email('lee@example.org')),
      gone: authority.issue('gone', email('lee@example.org')),
      ghost: authority.issue('ghost', email('ghost@example.org')),
      host: authority.issue('host', ['subjectAltName = email:lee@example.org', 'extendedKeyUsage = serverAuth']),
      nameless: authority.issue('nameless', ['subjectAltName = DNS:lee.example.org']),
      both: authority.issue('both', ['subjectAltName = email:lee@example.org, email:gina@example.org']),
      expired: authority.issue('expired', email('lee@example.org'), [
        '-startdate',
        '20200101000000Z',
        '-enddate',
        '20200201000000Z',
      ]),
      stranger: stranger.issue('stranger', email('lee@example.org')),
      // Public authorities issue for servers only.
      pinned: stranger.issue('pinned', ['subjectAltName = DNS:laptop.example.org', 'extendedKeyUsage = serverAuth']),
    })
    authority.revoke(issued['gone'] as IssuedByOpenssl)
    writeFileSync(list(), authority.list())
    const key = parsed((issued['pinned'] as IssuedByOpenssl).certificate).publicKey.export({
      type: 'spki',
      format: 'der',
    })
    const print = createHash('sha256').update(key).digest('hex')
    writeFileSync(join(world.folder, 'pins.yaml'), `users:\n  - { name: lee, fingerprints: ["sha256:${print}"] }\n`)
    const accounts = await writeAccounts(world)
    node = await world.node({
      role: 'submission',
      listeners: ['submissions', 'submission'],
      mail: { domains: ['example.org'], users: { lee: null, gina: null } },
      yaml: { ...accounts.yaml, peers: { mx: ['mx-01.example.org'] }, user_certificates: settings() },
    })
  })
  afterAll(async () => {
    server.close()
    await world.close()
  })

  const connected = async (name: string, more: object = {}) => {
    const { certificate, key } = issued[name] as IssuedByOpenssl
    const pair = { cert: readFileSync(certificate), key: readFileSync(key) }
    const client = await node.connect({ tls: { rejectUnauthorized: false, ...pair, ...more } })
    await client.expect(null, '220')
    await client.expect('EHLO client.example', '250')
    return client
  }
  const login = async (name: string, authzid = '') => {
    const client = await connected(name)
    client.send(`AUTH EXTERNAL ${authzid === '' ? '=' : base64(authzid)}`)
    const reply = await client.reply()
    client.end()
    return reply.lines[0] ?? ''
  }
  const refused = (cause: string) =>
    until(() => node.log().some((line) => line.includes('"stage":"auth"') && line.includes(cause)), { what: cause })

  it.each([
    ['lee', '', '235'],
    ['lee', 'lee@example.org', '235'],
    ['lee', 'gina', '535'],
    ['pinned', '', '235'],
    ['both', '', '535'],
    ['both', 'lee', '235'],
    ['gone', '', '535'],
    ['ghost', '', '535'],
    ['host', '', '535'],
    ['nameless', '', '535'],
    ['expired', '', '535'],
    ['stranger', '', '535'],
  ])('%s, as %j: %s', async (name, authzid, code) => {
    expect(await login(name, authzid)).toMatch(new RegExp(`^${code}`))
  })

  it('is named in the log with the reasons of its refusals', async () => {
    for (const cause of ['it is revoked', 'it is not for client authentication', 'it expired', 'several'])
      await refused(cause)
    await refused('unknown user:ghost')
  })

  it('for servers only counts where the operator chose that, and is still checked', async () => {
    node.configure({ user_certificates: settings({ any_purpose: true }) })
    await node.reload()
    expect(await login('host')).toMatch(/^235/)
    for (const name of ['gone', 'ghost', 'expired', 'stranger'])
      expect([name, await login(name)]).toEqual([name, expect.stringMatching(/^535/)])
    node.configure({ user_certificates: settings() })
    await node.reload()
    expect(await login('host')).toMatch(/^535/)
  })

  it('submits, and openssl s_client sees the authority among the names', async () => {
    const client = await connected('lee')
    await client.expect('AUTH EXTERNAL =', '235')
    await client.expect('MAIL FROM:<lee@example.org>', '250')
    await client.expect('RCPT TO:<ann@far.example>', '250')
    client.end()
    const { certificate, key } = issued['lee'] as IssuedByOpenssl
    const at = `${node.address}:${node.ports['submissions']}`
    const ran = spawnSync('openssl', ['s_client', '-connect', at, '-cert', certificate, '-key', key, '-ign_eof'], {
      input: 'EHLO c\r\nAUTH EXTERNAL =\r\nQUIT\r\n',
      encoding: 'utf8',
    })
    expect(ran.stdout).toMatch(/Acceptable client certificate CA names\nCN ?= ?People ec/)
    expect(ran.stdout).toContain('AUTH EXTERNAL PLAIN LOGIN')
  })

  it('without a certificate is not offered EXTERNAL', async () => {
    const client = await node.connect({ tls: { rejectUnauthorized: false } })
    await client.expect(null, '220')
    expect((await client.expect('EHLO c', '250')).text).not.toContain('EXTERNAL')
    client.end()
  })

  it('loses the session when the certificate is revoked, by a list of a file', async () => {
    const client = await connected('both')
    await client.expect(`AUTH EXTERNAL ${base64('lee')}`, '235')
    authority.revoke(issued['both'] as IssuedByOpenssl)
    writeFileSync(list(), authority.list())
    await node.reload()
    await client.expect(null, '421 4.7.0')
    expect(await login('both', 'lee')).toMatch(/^535/)
  })

  it('waits while the list is too old, or is accepted where the operator chose that', async () => {
    writeFileSync(list(), authority.list('-crlsec', '1'))
    node.configure({ user_certificates: settings({ crl: [list()] }) })
    await node.reload()
    await expect.poll(() => login('lee'), { timeout: 10_000 }).toMatch(/^454/)
    expect(await login('gone')).toMatch(/^535/)
    const checked = await runWaypost(['check', '--offline', '-c', node.config])
    expect(checked.stderr).toMatch(/revocation list .*people\.crl ended at/)
    node.configure({ user_certificates: settings({ crl: [list()], stale_crl: 'accept' }) })
    await node.reload()
    expect(await login('lee')).toMatch(/^235/)
    expect(await login('gone')).toMatch(/^535/)
  })

  it('uses a list from a URL, and after a restart the one that was kept', async () => {
    served = authority.list()
    node.configure({ user_certificates: settings({ crl: settings().crl.slice(1) }) })
    await node.stop()
    await node.start()
    await expect.poll(() => login('lee'), { timeout: 10_000 }).toMatch(/^235/)
    served = null
    await node.stop()
    await node.start()
    expect(await login('lee')).toMatch(/^235/)
    expect(await login('gone')).toMatch(/^535/)
  })
})
