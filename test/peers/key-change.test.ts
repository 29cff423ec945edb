// A new key in the files of a running node, in a zone that is really signed: nsd has the TLSA records, unbound validates them, and a client
// with DANE connects at each step. It never finds a key that the DNS does not have.

import { createHash, X509Certificate } from 'node:crypto'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createHostFinder } from '../../src/delivery/hosts/host-finder.ts'
import { MX_ADDRESS_LIMIT } from '../../src/delivery/hosts/host-settings.ts'
import { createSmtpTransport } from '../../src/delivery/smtp-client/smtp-transport.ts'
import { tlsPolicies } from '../../src/delivery/tls-policy/configured-policies.ts'
import { createStubResolver, stubDefaults } from '../../src/dns/stub.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { freePort } from '../lib/free-port.ts'
import { type DnsServers, startDnsServers } from '../lib/peers/dns-servers.ts'
import { ensurePeers } from '../lib/peers/ensure.ts'
import { runWaypost } from '../lib/run-waypost.ts'
import { openTarget, policyPorts, transportSettings } from '../lib/transport-settings.ts'
import { until } from '../lib/until.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

const HOST = 'node-1.example.org'
const digestOf = (pem: string) =>
  createHash('sha256')
    .update(new X509Certificate(pem).publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex')

describe.runIf(ensurePeers(['nsd', 'unbound', 'ldns']))('a new key behind unbound and nsd', () => {
  let world: World
  let node: WholeNode
  let dns: DnsServers | null = null
  let port: number
  let admin: string
  const pem = () => join(dirname(node.config), 'node.pem')

  /** The zone with TLSA records of these keys; their time to live is short, because the node waits for it. */
  const publish = async (digests: readonly string[], web: readonly string[] = []) => {
    await dns?.close()
    const records = [
      `@ MX 10 node-1`,
      `node-1 A ${node.address}`,
      ...digests.map((digest) => `_${node.port}._tcp.node-1 2 IN TLSA 3 1 1 ${digest}`),
      ...web.map((digest) => `_${node.port}._tcp.web 2 IN TLSA 3 1 1 ${digest}`),
    ]
    dns = await startDnsServers(
      { 'example.org': records.join('\n'), 'bogus.test': 'www A 127.0.0.1' },
      {
        port,
        closed: true,
        signed: { 'example.org': {}, 'bogus.test': { spoil: (zone) => zone.replaceAll('127.0.0.1', '127.0.0.2') } },
      },
    )
  }
  const replaceKey = () => {
    const issued = world.ca.issue({ names: [HOST] })
    writeFileSync(pem(), issued.certificate)
    writeFileSync(join(dirname(node.config), 'node.key'), issued.key)
    return digestOf(issued.certificate)
  }
  const reload = () => runWaypost(['reload', '-c', node.config])
  const health = async () => (await fetch(`http://${admin}/healthz`)).text()

  /** What a host with DANE finds: its level of TLS, and the key. */
  const dane = async (): Promise<string> => {
    const resolver = createStubResolver({ ...stubDefaults, timeoutMs: 2000, servers: [{ host: '127.0.0.1', port }] })
    const transport = createSmtpTransport(transportSettings(), { clock: systemClock })
    const limits = { ourNames: new Set<string>(), ourAddresses: new Set<string>(), addressLimit: MX_ADDRESS_LIMIT }
    const settings = {
      peers: new Map(),
      peerTls: tlsPolicies.may,
      tls: tlsPolicies['dane-only'],
      mxPort: node.port,
      ...limits,
    }
    const hosts = await createHostFinder(settings, { resolver, random: systemRandom }).find('mx:example.org')
    const target = hosts.kind === 'none' ? undefined : hosts.targets[0]
    if (!target) return 'no host'
    const opened = await openTarget(transport, target, policyPorts(resolver))
    if (opened.kind === 'open') opened.connection.close()
    const { tls } = opened.kind === 'open' ? opened.connection : opened
    return opened.kind === 'open' ? `${tls?.level}` : `deferred ${tls?.failure}`
  }
  const keyShown = async () => {
    const client = await node.connect()
    await client.expect(null, '220')
    await client.expect('EHLO client.example', '250')
    await client.expect('STARTTLS', '220')
    await client.startTls()
    const shown = (client.socket as TLSSocket).getPeerX509Certificate()
    client.end()
    return digestOf(shown?.toString() ?? '')
  }

  let oldKey: string
  let newKey: string

  beforeAll(async () => {
    world = await startWorld()
    port = await freePort()
    admin = `127.0.0.1:${await freePort()}`
    node = await world.node({
      role: 'mx',
      start: false,
      yaml: {
        peers: { srs: ['srs-01.example.org'] },
        admin: { listen: admin },
        dns: { servers: [`127.0.0.1:${port}`], probe: { signed: 'example.org', bogus: 'www.bogus.test' } },
      },
    })
    node.configure({ tls: { certificate: 'node.pem', key: 'node.key', tlsa_ports: [node.port] } })
    oldKey = digestOf(readFileSync(pem(), 'utf8'))
    await publish([oldKey])
    await node.start()
  })
  afterAll(async () => {
    await world.close()
    await dns?.close()
  })

  it('shows the first key, which it keeps for its owner only', async () => {
    expect([await keyShown(), await dane()]).toEqual([oldKey, 'verified'])
    expect(statSync(join(node.data, 'certificates-in-use.json')).mode & 0o777).toBe(0o600)
  })

  it('keeps it when the files have a new one, and says so everywhere', async () => {
    newKey = replaceKey()
    const { status, stdout, stderr } = await reload()
    expect(status).toBe(0)
    const said = `_${node.port}._tcp.${HOST} without its TLSA record`
    expect(stdout + stderr).toContain(`tls: the new key waits for the DNS: ${said}`)
    expect([await keyShown(), await dane()]).toEqual([oldKey, 'verified'])
    expect(node.log().some((line) => line.includes('the new key waits for the DNS') && line.includes(said))).toBe(true)
    expect(await health()).toContain(said)
    expect(await (await fetch(`http://${admin}/metrics`)).text()).toMatch(
      /waypost_certificate_key_wait_end_timestamp_seconds\{key="tls"\} \d+/,
    )
    const checked = await runWaypost(['check', '-c', node.config])
    expect(checked.stderr).toContain(`the new key waits for the DNS: ${said}`)
    const listed = await runWaypost(['certificates', 'list', '-c', node.config])
    expect(listed.stdout).toContain(`the key sha256:${oldKey} stays in use until`)
    expect(listed.stdout).toContain(`_${node.port}._tcp.${HOST}. IN TLSA 3 1 1 ${newKey}`)
  })

  it('keeps it over a kill and a restart, and while the DNS is down', async () => {
    await node.stop('SIGKILL')
    await dns?.close()
    dns = null
    await node.start()
    expect(await keyShown()).toBe(oldKey)
    expect((await reload()).status).toBe(0)
    expect(await keyShown()).toBe(oldKey)
    expect(await health()).toContain('no answer from')
    await publish([oldKey])
    expect(await dane()).toBe('verified')
  })

  it('uses the new one by itself when unbound has shown its record for the time to live', async () => {
    await publish([oldKey, newKey])
    const seen: string[] = []
    const isNew = async () => {
      await reload()
      seen.push(await dane())
      return (await keyShown()) === newKey
    }
    await until(isNew, { what: 'the new key', timeout: 60_000 })
    expect(new Set(seen)).toEqual(new Set(['verified']))
    expect(node.log().some((line) => line.includes('older answers end at'))).toBe(true)
    await publish([newKey])
    expect(await dane()).toBe('verified')
    expect(await health()).not.toContain('waits for the DNS')
  })

  it('uses a key at once when an operator orders it, and reports it until the DNS has it', async () => {
    const third = replaceKey()
    await reload()
    expect(await keyShown()).toBe(newKey)
    const none = await runWaypost(['certificates', 'use', '-c', node.config])
    expect(none.status).not.toBe(0)
    const used = await runWaypost(['certificates', 'use', '--reason', 'the old key leaked', '-c', node.config])
    expect(used).toMatchObject({ status: 0, stdout: expect.stringContaining('the node uses the new key of tls') })
    expect(await keyShown()).toBe(third)
    expect(node.log().find((line) => line.includes('an operator uses the new key'))).toContain(
      '"reason":"the old key leaked"',
    )
    expect(await health()).toContain('the key in use is not in the DNS')
    await node.stop()
    await node.start()
    expect(await keyShown()).toBe(third)
  })

  it('without TLSA records uses a new key at once', async () => {
    await publish([])
    const last = replaceKey()
    await reload()
    expect(await keyShown()).toBe(last)
  })

  it('keeps the certificate of another name too, which a client gets by SNI', async () => {
    const webOf = async () => {
      const client = await node.connect()
      await client.expect(null, '220')
      await client.expect('EHLO client.example', '250')
      await client.expect('STARTTLS', '220')
      await client.startTls({ servername: 'web.example.org' } as Parameters<typeof client.startTls>[0])
      const shown = (client.socket as TLSSocket).getPeerX509Certificate()
      client.end()
      return digestOf(shown?.toString() ?? '')
    }
    const replaceWeb = () => {
      const issued = world.ca.issue({ names: ['web.example.org'] })
      writeFileSync(join(dirname(node.config), 'web.pem'), issued.certificate)
      writeFileSync(join(dirname(node.config), 'web.key'), issued.key, { mode: 0o600 })
      return digestOf(issued.certificate)
    }
    const first = replaceWeb()
    const more = [{ certificate: 'web.pem', key: 'web.key' }]
    node.configure({ tls: { certificate: 'node.pem', key: 'node.key', tlsa_ports: [node.port], more } })
    await reload()
    expect(await webOf()).toBe(first)
    await publish([], [first])
    const second = replaceWeb()
    const { stdout, stderr } = await reload()
    expect(stdout + stderr).toContain('tls.more.0: the new key waits for the DNS')
    expect(await webOf()).toBe(first)
    await node.stop('SIGKILL')
    await node.start()
    expect(await webOf()).toBe(first)
    await publish([], [first, second])
    await until(async () => (await reload(), (await webOf()) === second), { what: 'the new key', timeout: 60_000 })
  })
})
