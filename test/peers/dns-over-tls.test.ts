// DNS over TLS (RFC 7858) with unbound as the server: proven by its name or its key it is believed, and otherwise nothing is asked, over TLS or
// in the clear.

import { createHash, X509Certificate } from 'node:crypto'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createAuthority } from '../../src/demo/ca.ts'
import type { ServerProof } from '../../src/dns/exchange.ts'
import { createStubResolver, stubDefaults } from '../../src/dns/stub.ts'
import { type DnsServers, startDnsServers } from '../lib/peers/dns-servers.ts'
import { ensurePeers } from '../lib/peers/ensure.ts'
import { runWaypost } from '../lib/run-waypost.ts'
import { type StallingProxy, startStallingProxy } from '../lib/stalling-proxy.ts'
import { startWorld, type World } from '../lib/whole-node.ts'

const WRONG_PIN = '0'.repeat(64)
const zone = `good MX 10 mx.good\nmx.good A 198.51.100.7\n_25._tcp.mx.good TLSA 3 1 1 ${'ab'.repeat(32)}`

describe.runIf(ensurePeers(['nsd', 'unbound', 'ldns']))('unbound over TLS', () => {
  const ca = createAuthority('Public')
  const issued = ca.issue({ names: ['dns.example'] })
  const spki = new X509Certificate(issued.certificate).publicKey.export({ type: 'spki', format: 'der' })
  const pin = createHash('sha256').update(spki).digest('hex')
  const publicCas = getCACertificates('default')
  let dns: DnsServers
  let world: World
  /** Before unbound, which itself takes datagrams on the port of TLS. */
  let proxy: StallingProxy
  /** Takes the datagrams to the port of the proxy. */
  let udp: Socket
  let datagrams = 0

  beforeAll(async () => {
    setDefaultCACertificates([...publicCas, ca.certificate])
    const zones = { 'signed.test': zone, 'plain.test': zone, 'bogus.test': zone }
    const spoil = (text: string) => text.replaceAll('10 mx.', '20 mx.')
    const signed = { 'signed.test': {}, 'bogus.test': { spoil } }
    dns = await startDnsServers(zones, { closed: true, signed, tls: issued })
    udp = createSocket('udp4').on('message', () => datagrams++)
    proxy = await startStallingProxy(dns.tlsPort)
    udp.bind(proxy.port, '127.0.0.1')
    await once(udp, 'listening')
    world = await startWorld()
  })
  afterAll(async () => {
    setDefaultCACertificates(publicCas)
    udp.close()
    await Promise.all([dns.close(), world.close(), proxy.close()])
  })

  const ask = (tls: ServerProof) => {
    const servers = [{ host: '127.0.0.1', port: proxy.port, tls }]
    return createStubResolver({ ...stubDefaults, timeoutMs: 5000, servers }).resolve('good.signed.test', 'MX')
  }

  it.each([
    ['its name', { name: 'dns.example', pin: null }],
    ['its key', { name: null, pin }],
    ['both', { name: 'dns.example', pin }],
  ])('is believed if it proves itself by %s', async (_what, proof) => {
    expect(await ask(proof)).toMatchObject({
      kind: 'found',
      authentic: true,
      records: [{ exchange: 'mx.good.signed.test' }],
    })
  })

  it.each([
    ['another name', { name: 'other.example', pin: null }, 'does not prove its name other.example'],
    ['another key', { name: null, pin: WRONG_PIN }, 'not the pinned one'],
    ['the name without the key', { name: 'dns.example', pin: WRONG_PIN }, 'not the pinned one'],
    ['the key without the name', { name: 'other.example', pin }, 'does not prove its name other.example'],
  ])('gets no question if it has %s', async (_what, proof, cause) => {
    expect(await ask(proof)).toMatchObject({ kind: 'unavailable', ours: true, cause: expect.stringContaining(cause) })
  })

  it('is asked over TLS only', () => {
    expect([proxy.taken > 0, datagrams]).toEqual([true, 0])
  })

  it('lets a node use DANE, and makes mail wait if it does not prove itself', async () => {
    const file = join(world.folder, 'public.pem')
    writeFileSync(file, ca.certificate)
    process.env['NODE_EXTRA_CA_CERTS'] = file
    try {
      const node = await world.node({ role: 'srs', start: false, yaml: { delivery: {} } })
      const look = async (proof: object, domain = 'good.signed.test') => {
        node.configure({ dns: { servers: [{ address: `127.0.0.1:${proxy.port}`, ...proof }] } })
        return runWaypost(['tls', 'policy', domain, '-c', node.config])
      }
      for (const proof of [{ name: 'dns.example' }, { pin: `sha256:${pin}` }])
        expect(await look(proof)).toMatchObject({
          status: 0,
          stdout: expect.stringMatching(/MX records secure, address secure\n\s+dane: secure TLSA records/),
        })
      for (const proof of [{ name: 'other.example' }, { pin: `sha256:${WRONG_PIN}` }])
        expect(await look(proof)).toMatchObject({
          status: 1,
          stdout: expect.stringMatching(
            /^no host: MX look-up of good\.signed\.test failed: [^\n]*(?:not the pinned one|does not prove its name)/,
          ),
        })
      // The three outcomes of DNSSEC as people see them.
      const proven = (domain: string) => look({ pin: `sha256:${pin}` }, domain)
      expect((await proven('good.plain.test')).stdout).toMatch(/DNSSEC: MX records insecure, address insecure\n/)
      expect((await proven('good.bogus.test')).stdout).toMatch(
        /^no host: MX look-up of good\.bogus\.test is bogus: [^\n]*SERVFAIL \(DNSSEC: [a-z ]+\)\n/,
      )
    } finally {
      delete process.env['NODE_EXTRA_CA_CERTS']
    }
    expect(datagrams).toBe(0)
  })
})
