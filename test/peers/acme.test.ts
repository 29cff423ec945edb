// Certificates that a node gets by itself, from Pebble: HTTP-01 and DNS-01, renewal with the same key, a next key that waits for its TLSA
// record, external account binding, restarts and failures.

import { createHash, X509Certificate } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { networkExchange } from '../../src/dns/exchange.ts'
import { createStubResolver, stubDefaults } from '../../src/dns/stub.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { parseTsigKey, type TsigKey } from '../../src/lib/tsig-key.ts'
import { createZoneWriter } from '../../src/node/acme-zone-writer.ts'
import { readPresent } from '../../src/published/present-set.ts'
import { freePort } from '../lib/free-port.ts'
import { ensurePeers } from '../lib/peers/ensure.ts'
import { type Pebble, startPebble } from '../lib/peers/pebble.ts'
import { startUpdateServer, type UpdateServer } from '../lib/peers/update-server.ts'
import { runWaypost } from '../lib/run-waypost.ts'
import { until } from '../lib/until.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

const NAME = 'mx-01.example.org'

interface Listed {
  readonly certificates: { readonly tlsa: string[]; readonly keyFingerprint: string; readonly issuer: string }[]
  readonly acme: { readonly problem: string | null; readonly nextKeyTlsa: string[]; readonly renewsAt: string | null }
}

describe.runIf(ensurePeers(['pebble']))('Pebble', () => {
  let world: World
  let pebble: Pebble

  beforeAll(async () => {
    world = await startWorld()
    pebble = await startPebble({ ca: world.ca, dns: `${world.dns.host}:${world.dns.port}`, nonceReject: 20 })
  })
  afterAll(async () => {
    pebble.close()
    await world.close()
  })

  const prepare = async (changes: object, more: object = {}) => {
    const node = await world.node({ role: 'srs', start: false })
    const acme = {
      file: 'own.pem',
      names: [NAME],
      agree_to_terms: true,
      directory: pebble.directory,
      http: `${node.address}:${pebble.httpPort}`,
      ca: '../ca.pem',
      tlsa_grace: '1s',
      ...changes,
    }
    node.configure({ tls: { acme }, ...more })
    return { node, file: join(node.config, '../own.pem') }
  }
  const listed = async (node: WholeNode) => {
    const { stdout, stderr } = await runWaypost(['certificates', 'list', '--json', '-c', node.config])
    expect(stderr).toBe('')
    return JSON.parse(stdout) as Listed
  }
  const leafOf = (file: string) =>
    new X509Certificate(/-----BEGIN CERT[\s\S]+/.exec(readFileSync(file, 'utf8'))?.[0] ?? '')

  describe('by HTTP-01', () => {
    let node: WholeNode
    let file: string

    beforeAll(async () => {
      ;({ node, file } = await prepare({}))
      world.dns.zone.set(NAME, { A: node.address })
      await node.start()
    })

    it('gives the node its first certificate, without a restart', async () => {
      await until(() => existsSync(file), { what: 'the file', timeout: 20_000 })
      await until(async () => (await shownBy(node)).issuer.includes('Pebble'), { what: 'the certificate in use' })
      expect((await shownBy(node)).subjectaltname).toBe(`DNS:${NAME}`)
      for (const ending of ['', '.account-key', '.state']) expect(statSync(file + ending).mode & 0o777).toBe(0o600)
      expect(existsSync(`${file}.next-key`)).toBe(false)
      const reloaded = await runWaypost(['reload', '-c', node.config])
      expect(reloaded.status).toBe(0)
      expect(reloaded.stderr).not.toContain('restart required')
      expect((await shownBy(node)).issuer).toContain('Pebble')
      // The listener ran only during the order.
      await expect(isOpen(node.address, pebble.httpPort)).resolves.toBe(false)
      expect(node.log().join('\n')).not.toContain('PRIVATE KEY')
    })

    it('renews it with the same key', async () => {
      const before = leafOf(file)
      const ran = await runWaypost(['certificates', 'renew', '-c', node.config])
      expect(ran).toMatchObject({ status: 0, stdout: expect.stringContaining(`a new certificate for ${NAME}`) })
      const after = leafOf(file)
      expect(after.serialNumber).not.toBe(before.serialNumber)
      expect(after.publicKey.equals(before.publicKey)).toBe(true)
      expect((await shownBy(node)).serialNumber).toBe(after.serialNumber)
    })

    it('uses a next key when the DNS shows its TLSA record', async () => {
      const first = await listed(node)
      const digest = spkiDigest(leafOf(file))
      expect(first.certificates[0]?.tlsa).toEqual([`_25._tcp.${NAME}. IN TLSA 3 1 1 ${digest}`])
      const owner = `_25._tcp.${NAME}`
      const early = await runWaypost(['certificates', 'rotate', '-c', node.config])
      expect(early.stdout).toContain('the DNS has no TLSA records, and older answers end at')
      world.dns.zone.set(owner, { TLSA: `3 1 1 ${digest}`, authentic: true, ttl: 0 })
      const waits = await runWaypost(['certificates', 'rotate', '-c', node.config])
      expect(waits).toMatchObject({
        status: 0,
        stdout: expect.stringContaining(`${owner} without its TLSA record`),
      })
      const [next = ''] = (await listed(node)).acme.nextKeyTlsa
      expect(statSync(`${file}.next-key`).mode & 0o777).toBe(0o600)
      // A renewal keeps the old key while the next one waits.
      await runWaypost(['certificates', 'renew', '-c', node.config])
      expect(spkiDigest(leafOf(file))).toBe(digest)
      const nextDigest = next.split(' ').at(-1)
      world.dns.zone.set(owner, { TLSA: [`3 1 1 ${digest}`, `3 1 1 ${nextDigest}`], authentic: true, ttl: 0 })
      const said: string[] = []
      const rotate = async () => said.push((await runWaypost(['certificates', 'rotate', '-c', node.config])).stdout)
      const isUsed = async () => (await rotate(), said.at(-1)?.includes('a new certificate') === true)
      await until(isUsed, { what: 'the new key', timeout: 30_000 })
      expect(said.some((one) => one.includes('the DNS shows its TLSA record, and older answers end at'))).toBe(true)
      expect(spkiDigest(leafOf(file))).toBe(nextDigest)
      expect((await listed(node)).acme.nextKeyTlsa).toEqual([])
    })

    it('keeps it over a restart, and knows when to renew', async () => {
      const before = leafOf(file).serialNumber
      await node.stop()
      await node.start()
      expect((await shownBy(node)).serialNumber).toBe(before)
      await until(async () => (await listed(node)).acme.renewsAt !== null, { what: 'the time of the renewal' })
      expect(leafOf(file).serialNumber).toBe(before)
    })

    it('keeps the old one if an order fails, and says why', async () => {
      const before = leafOf(file).serialNumber
      // A name that leads to a host without an answer.
      world.dns.zone.set(NAME, { A: world.newAddress() })
      world.dns.zone.set(`_25._tcp.${NAME}`, {})
      const failed = await runWaypost(['certificates', 'rotate', '--now', '-c', node.config])
      expect(failed).toMatchObject({
        status: 1,
        stderr: expect.stringContaining(`the check of ${NAME} by http-01 failed`),
      })
      expect(leafOf(file).serialNumber).toBe(before)
      expect((await listed(node)).acme.problem).toContain('http-01 failed')
      world.dns.zone.set(NAME, { A: node.address })
      await node.stop('SIGKILL')
      await node.start()
      const again = await runWaypost(['certificates', 'rotate', '--now', '-c', node.config])
      expect(again).toMatchObject({ status: 0 })
      expect((await listed(node)).acme.problem).toBeNull()
      await node.stop()
    })
  })

  describe('by DNS-01, with an external account', () => {
    let hooks: Server
    const asked: string[] = []

    beforeAll(async () => {
      hooks = createServer((request, response) => {
        const [, action = '', name = '', value = ''] = (request.url ?? '').split('/')
        asked.push(`${action} ${name}`)
        if (action === 'present') world.dns.zone.set(name, { TXT: value, ttl: 0 })
        else world.dns.zone.delete(name)
        response.end()
      })
      await new Promise<void>((resolve) => hooks.listen(0, '127.0.0.1', resolve))
    })
    afterAll(() => void hooks.close())

    it('gives a certificate with an RSA key', async () => {
      const macKey = Buffer.from('a key of the external account...').toString('base64url')
      const other = await startPebble({
        ca: world.ca,
        dns: `${world.dns.host}:${world.dns.port}`,
        external: { 'kid-1': macKey },
      })
      const hook = join(world.folder, 'hook.mjs')
      const at = `http://127.0.0.1:${(hooks.address() as AddressInfo).port}`
      writeFileSync(hook, `await fetch('${at}/' + process.argv.slice(2).join('/'))\n`)
      writeFileSync(join(world.folder, 'eab.key'), `${macKey}\n`, { mode: 0o600 })
      const { node, file } = await prepare({
        directory: other.directory,
        names: ['a.example.org', 'b.example.org'],
        challenge: 'dns-01',
        dns_hook: [process.execPath, hook],
        key: 'rsa-2048',
        eab_kid: 'kid-1',
        eab_key_file: '../eab.key',
      })
      await node.start()
      await until(() => existsSync(file), { what: 'the file', timeout: 20_000 })
      expect(leafOf(file).publicKey.asymmetricKeyType).toBe('rsa')
      expect(leafOf(file).subjectAltName).toContain('DNS:b.example.org')
      await until(() => asked.filter((one) => one.startsWith('cleanup')).length === 2, { what: 'both clean-ups' })
      expect(asked).toContain('present _acme-challenge.a.example.org')
      await node.stop()
      other.close()
    })
  })

  // Pebble and the node ask the server that takes the updates.
  describe.runIf(ensurePeers(['named', 'knotd'])).each(['bind', 'knot'] as const)(
    'by DNS-01 with updates of %s',
    (program) => {
      let server: UpdateServer
      let other: Pebble
      let place: string

      beforeAll(async () => {
        place = join(world.folder, program)
        mkdirSync(join(place, 'knot-db'), { recursive: true })
        // Aliases, which many sites have so that a key may change nothing else: in the zone, and into the other one.
        const aliases = '_acme-challenge.away CNAME challenges\n_acme-challenge.far CNAME far.forwards.example.\n'
        server = await startUpdateServer(program, place, aliases)
        other = await startPebble({ ca: world.ca, dns: `127.0.0.1:${server.port}` })
      })
      afterAll(async () => {
        other.close()
        await server.close()
      })

      const start = async (changes: object) => {
        const { node, file } = await prepare(
          {
            directory: other.directory,
            names: ['mx-09.example.org', 'away.example.org'],
            challenge: 'dns-01',
            dns_update: { server: `127.0.0.1:${server.port}`, key: server.keyFile },
            ...changes,
          },
          { dns: { servers: [`127.0.0.1:${server.port}`] } },
        )
        await node.start()
        return { node, file }
      }
      const texts = async (name: string) => {
        const found = await readPresent(
          { host: '127.0.0.1', port: server.port },
          { name, type: 'TXT' },
          networkExchange,
        )
        return found.kind === 'known' ? found.records.length : found.cause
      }

      it('gives a certificate, and leaves no record behind', async () => {
        const { node, file } = await start({})
        await until(() => existsSync(file), { what: 'the file', timeout: 30_000 }).catch(async (error: unknown) => {
          throw new Error(`${String(error)}: ${(await listed(node)).acme.problem}`)
        })
        expect(leafOf(file).subjectAltName).toContain('DNS:away.example.org')
        const isClean = async () =>
          (await texts('_acme-challenge.mx-09.example.org')) === 0 && (await texts('challenges.example.org')) === 0
        await until(isClean, { what: 'the clean-up' })
        await node.stop()
      })

      it('publishes behind an alias into another zone, which Pebble does not follow', async () => {
        const at = { host: '127.0.0.1', port: server.port }
        const key = parseTsigKey(readFileSync(server.keyFile, 'utf8')) as TsigKey
        const resolver = createStubResolver({ ...stubDefaults, servers: [at] })
        const writer = createZoneWriter(
          { server: at, key, zone: null, timeoutMs: 10_000 },
          { resolver, recursive: async () => [at], exchange: networkExchange, clock: systemClock },
        )
        expect(await writer.add('_acme-challenge.far.example.org', 'a value')).toBeNull()
        expect(await texts('far.forwards.example')).toBe(1)
        expect(await writer.remove('_acme-challenge.far.example.org', 'a value')).toBeNull()
        expect(await texts('far.forwards.example')).toBe(0)
      })

      it('says what the server says to a wrong key', async () => {
        const wrong = join(place, 'wrong.key')
        writeFileSync(wrong, `hmac-sha256:update.key:${Buffer.alloc(32, 1).toString('base64')}\n`, { mode: 0o600 })
        const { node, file } = await start({ dns_update: { server: `127.0.0.1:${server.port}`, key: wrong } })
        await until(async () => (await listed(node)).acme.problem !== null, { what: 'the problem', timeout: 20_000 })
        expect((await listed(node)).acme.problem).toMatch(/dns_update of _acme-challenge\..*(NOTAUTH|BADSIG|BADKEY)/)
        expect(existsSync(file)).toBe(false)
        await node.stop()
      })

      it('reports a file without a key at its position', async () => {
        const nothing = join(place, 'nothing.key')
        writeFileSync(nothing, 'nothing\n', { mode: 0o600 })
        const { node } = await prepare({
          challenge: 'dns-01',
          dns_update: { server: `127.0.0.1:${server.port}`, key: nothing },
        })
        const { status, stderr } = await runWaypost(['check', '--offline', '-c', node.config])
        expect([status, stderr]).toEqual([
          2,
          expect.stringMatching(/node\.yaml:\d+:\d+: tls\.acme\.dns_update\.key: found no key/),
        ])
      })
    },
  )

  it('shows a failing first order in health, while mail flows with a temporary certificate', async () => {
    const port = await freePort()
    const nowhere = { names: ['nowhere.example.org'] }
    const { node, file } = await prepare(nowhere, { admin: { listen: `127.0.0.1:${port}` } })
    await node.start()
    const health = async () => (await fetch(`http://127.0.0.1:${port}/healthz`)).text()
    await until(async () => (await health()).includes('no new certificate: '), { what: 'the problem', timeout: 20_000 })
    expect(existsSync(file)).toBe(false)
    expect((await shownBy(node)).subjectaltname).toBe('DNS:nowhere.example.org')
    await node.stop()
  })
})

function spkiDigest(certificate: X509Certificate): string {
  return createHash('sha256')
    .update(certificate.publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex')
}

function isOpen(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port })
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

interface Shown {
  readonly issuer: string
  readonly subjectaltname: string
  readonly serialNumber: string
}

/** The certificate that a client gets by STARTTLS. */
async function shownBy(node: WholeNode): Promise<Shown> {
  const socket = connect({ host: node.address, port: node.port })
  const line = () => new Promise<string>((resolve) => socket.once('data', (data) => resolve(String(data))))
  await line()
  socket.write('EHLO client.example\r\n')
  await line()
  socket.write('STARTTLS\r\n')
  await line()
  const secure = connectTls({ socket, rejectUnauthorized: false })
  await new Promise<void>((resolve, reject) => {
    secure.once('secureConnect', resolve)
    secure.once('error', reject)
  })
  const shown = secure.getPeerX509Certificate()
  secure.destroy()
  return {
    issuer: shown?.issuer ?? '',
    subjectaltname: shown?.subjectAltName ?? '',
    serialNumber: shown?.serialNumber ?? '',
  }
}
