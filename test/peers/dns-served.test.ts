// `waypost dns check` and the same check in a node against what is really served: TLSA records in a signed zone of nsd behind unbound, TLS
// servers at the ports of two nodes, and the web server of an MTA-STS policy.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { dnsCheck } from '../../src/cli/dns/dns-check.ts'
import { dnsRecords } from '../../src/cli/dns/dns-records.ts'
import type { Config } from '../../src/config/config.ts'
import { createBudgets } from '../../src/budget/budgets.ts'
import { createAuthority, type Issued } from '../../src/demo/ca.ts'
import { createStubResolver, stubDefaults } from '../../src/dns/stub.ts'
import { createStrangerClient } from '../../src/https/ask-stranger.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { watchFleetDns } from '../../src/node/fleet-dns-watch.ts'
import { captureIo } from '../lib/captured-io.ts'
import { createFakeClock } from '../lib/fake-clock.ts'
import { freePort } from '../lib/free-port.ts'
import { type DnsServers, startDnsServers } from '../lib/peers/dns-servers.ts'
import { ensurePeers } from '../lib/peers/ensure.ts'
import { type PolicyServer, startPolicyServer } from '../lib/policy-server.ts'
import { type PeerOptions, type SmtpPeer, startSmtpPeer } from '../lib/smtp-peer.ts'
import { until } from '../lib/until.ts'

const MX = '127.0.43.1'
const SUBMISSION = '127.0.43.2'
const FLEET = (mode: string) => `domain: example.org
srs: { domain: forwards.example }
records: { tlsa: all, mta_sts: { mode: ${mode} } }
nodes:
  mx-01: { role: mx, addresses: [ ${MX} ], certificate: mx-01/cert.pem }
  srs-01: { role: srs, public_keys: [ "${'22'.repeat(32)}" ] }
  submission-01: { role: submission, addresses: [ ${SUBMISSION} ], certificate: submission-01/cert.pem }
`

interface Found {
  readonly severity: string
  readonly subject: string
  readonly problem: string
}

describe.runIf(ensurePeers(['nsd', 'unbound', 'ldns']))('what a fleet serves', () => {
  const folder = mkdtempSync(join(tmpdir(), 'waypost-served-'))
  const fleet = join(folder, 'fleet.yaml')
  const ca = createAuthority('Served')
  const pairs: Record<string, Issued> = {}
  let ports: Readonly<Record<number, number>>
  let dns: DnsServers
  let policies: PolicyServer
  let policy: string
  let peers: SmtpPeer[] = []

  const portOf = (port: number) => ports[port] ?? port
  const start = async (
    address: string,
    port: number,
    { certificate, key }: Issued,
    more: Partial<PeerOptions> = {},
  ) => {
    const tls = { cert: `${certificate}${ca.certificate}`, key }
    peers.push(await startSmtpPeer({ host: address, port: portOf(port), tls, implicitTls: port === 465, ...more }))
  }
  const usual = () => ({ mx: pairs['mx-01'] as Issued, submission: pairs['submission-01'] as Issued })
  /** All listeners, with other certificates or options at some. */
  const serve = async (changes: Partial<Record<25 | 465 | 587, Issued | Partial<PeerOptions> | null>> = {}) => {
    await Promise.all(peers.map((peer) => peer.close()))
    peers = []
    const { mx, submission } = usual()
    for (const [port, address, pair] of [
      [25, MX, mx],
      [465, SUBMISSION, submission],
      [587, SUBMISSION, submission],
    ] as const) {
      const change = changes[port]
      if (change === null) continue
      if (change && 'certificate' in change) await start(address, port, change)
      else await start(address, port, pair, change)
    }
  }
  const local = () => ({ portOf, policyPort: policies.port, ca: ca.certificate })
  const check = async (options: object = {}) => {
    const io = captureIo()
    const servers = [{ host: '127.0.0.1', port: dns.port }]
    const code = await dnsCheck(
      { fleet, dns: servers, lists: false, connect: true, json: true, port: dns.authority, local: local(), ...options },
      io,
    )
    const { findings } = JSON.parse(io.out()) as { findings: readonly Found[] }
    // The addresses have no reverse DNS here, and no authority is public.
    const about = findings.filter(
      ({ subject, problem }) => / port |^mta-sts\./.test(subject) && !problem.includes('not from a public authority'),
    )
    return { code, texts: about.map(({ severity, subject, problem }) => `${severity} ${subject}: ${problem}`) }
  }

  beforeAll(async () => {
    ports = { 25: await freePort(), 465: await freePort(), 587: await freePort() }
    for (const name of ['mx-01', 'submission-01']) {
      mkdirSync(join(folder, name))
      pairs[name] = ca.issue({ names: [`${name}.example.org`] })
      writeFileSync(join(folder, name, 'cert.pem'), (pairs[name] as Issued).certificate)
    }
    writeFileSync(fleet, FLEET('testing'))
    const [io, asJson] = [captureIo(), captureIo()]
    await dnsRecords({ fleet }, io)
    await dnsRecords({ fleet, json: true }, asJson)
    policy = (JSON.parse(asJson.out()) as { policies: { text: string }[] }).policies[0]?.text ?? ''
    const lines = io.out().split('\n')
    const inZone = (zone: string) => lines.filter((line) => line.split(' ')[0]?.endsWith(`${zone}.`)).join('\n')
    dns = await startDnsServers(
      {
        'example.org': inZone('example.org').replace(/^(example\.org\.) 3600 (IN MX)/m, '$1 60 $2'),
        'forwards.example': inZone('forwards.example'),
      },
      { closed: true, signed: { 'example.org': {} } },
    )
    policies = await startPolicyServer(ca, { host: MX })
  })
  beforeEach(() => {
    for (const domain of ['example.org', 'forwards.example']) policies.answers.set(`mta-sts.${domain}`, policy)
  })
  afterAll(async () => {
    await Promise.all([...peers.map((peer) => peer.close()), policies.close()])
    await dns.close()
    rmSync(folder, { recursive: true, force: true })
  })

  it('plans TLSA records for the ports of people too', () => {
    const io = captureIo()
    return dnsRecords({ fleet }, io).then(() => {
      for (const owner of ['_25._tcp.mx-01', '_465._tcp.submission-01', '_587._tcp.submission-01'])
        expect(io.out()).toContain(`${owner}.example.org. 3600 IN TLSA 3 1 1 `)
    })
  })

  it('that fits is no finding', async () => {
    await serve()
    expect((await check()).texts).toEqual([])
  })

  it('with a time to live that differs is a note', async () => {
    const io = captureIo()
    const servers = [{ host: '127.0.0.1', port: dns.port }]
    await dnsCheck({ fleet, dns: servers, lists: false, connect: false, port: dns.authority }, io)
    expect(io.out()).toContain('note     example.org MX: the time to live is 60 s, expected 3600 s')
  })

  it('another key: an error where the zone is signed, with the key that the fleet file lacks', async () => {
    const other = ca.issue({ names: ['mx-01.example.org'] })
    await serve({ 25: other, 465: ca.issue({ names: ['submission-01.example.org'] }) })
    const { code, texts } = await check()
    expect(code).toBe(1)
    expect(texts).toEqual(
      expect.arrayContaining([
        `error mx-01.example.org port 25: no TLSA record of _25._tcp.mx-01.example.org fits the certificate that ${MX}:25 shows`,
        expect.stringMatching(/^warning mx-01\.example\.org port 25: .* which the fleet file does not have$/),
        `error submission-01.example.org port 465: no TLSA record of _465._tcp.submission-01.example.org fits the certificate that ${SUBMISSION}:465 shows`,
      ]),
    )
    expect(texts.some((text) => text.includes('port 587'))).toBe(false)
  })

  it('a wrong name and an end: for people an error', async () => {
    const { mx, submission } = usual()
    const foreign = ca.issue({ names: ['other.example.org'], key: submission.key })
    await serve({ 25: ca.issue({ names: ['mx-01.example.org'], key: mx.key, days: -1 }), 587: foreign })
    expect((await check()).texts).toEqual([
      `error submission-01.example.org port 587: its certificate does not have its name (${SUBMISSION}:587)`,
      expect.stringMatching(/^warning mx-01\.example\.org port 25: its certificate ended on /),
    ])
  })

  it.each([
    [
      'does not offer STARTTLS',
      { extensions: ['PIPELINING'], replies: { starttls: '502 5.5.1 no' } },
      'it answers 502',
    ],
    ['fails in the handshake', { brokenTls: true }, 'the handshake failed'],
  ])('a host that %s is an error', async (_what, options, cause) => {
    await serve({ 25: options as Partial<PeerOptions> })
    const { texts } = await check()
    expect(texts).toEqual([
      expect.stringContaining(`error mx-01.example.org port 25: ${MX}:25 offers no TLS: ${cause}`),
    ])
  })

  it('a host that cannot be reached is a warning, and nothing with --no-connect', async () => {
    await serve({ 25: null })
    expect((await check()).texts).toEqual([
      expect.stringMatching(/^warning mx-01\.example\.org port 25: .* cannot be reached from here/),
    ])
    policies.answers.delete('mta-sts.example.org')
    expect((await check({ connect: false })).texts).toEqual([])
  })

  describe('the policy', () => {
    beforeAll(() => serve())

    it.each([
      ['is missing', { status: 404 }, 'warning', 'no policy is served: the server answered 404'],
      [
        'is a page',
        { headers: { 'content-type': 'text/html' }, body: '<html>' },
        'warning',
        'the media type is "text/html"',
      ],
      [
        'has another age',
        { body: () => policy.replace('604800', '86400') },
        'warning',
        'max_age 86400, expected 604800',
      ],
      [
        'has another mode',
        { body: () => policy.replace('testing', 'enforce') },
        'warning',
        'mode enforce, expected testing',
      ],
      [
        'names another host',
        { body: () => policy.replace('mx-01', 'mx-99') },
        'warning',
        'does not name mx-01.example.org',
      ],
      [
        'is enforced and names another host',
        { body: () => policy.replace('mx-01', 'mx-99').replace('testing', 'enforce') },
        'error',
        'does not name mx-01.example.org',
      ],
    ] as const)('%s', async (_what, answer, severity, expected) => {
      const made = 'body' in answer && typeof answer.body === 'function' ? { body: answer.body() } : answer
      policies.answers.set('mta-sts.example.org', made as { body?: string })
      const { texts } = await check()
      expect(texts.find((text) => text.includes(expected))).toMatch(
        new RegExp(`^${severity} mta-sts\\.example\\.org: `),
      )
    })

    it('with a wildcard for the host is served correctly, and differs in its text', async () => {
      policies.answers.set('mta-sts.example.org', policy.replace('mx-01.example.org', '*.example.org'))
      expect((await check()).texts).toEqual([
        expect.stringMatching(/^warning mta-sts\.example\.org: .* mx \*\.example\.org, expected mx-01\.example\.org/),
      ])
    })

    it('behind a certificate of another name is missing, which is an error when it is to be enforced', async () => {
      policies.certificates.set('mta-sts.example.org', ca.issue({ names: ['www.example.org'] }))
      writeFileSync(fleet, FLEET('enforce'))
      const { texts } = await check()
      writeFileSync(fleet, FLEET('testing'))
      policies.certificates.clear()
      expect(texts).toContainEqual(
        expect.stringMatching(/^error mta-sts\.example\.org: no policy is served: the certificate is not valid/),
      )
    })
  })

  it('a node finds the same at its interval, with metrics and health', async () => {
    await serve({ 25: ca.issue({ names: ['mx-01.example.org'] }) })
    const clock = createFakeClock(systemClock.now())
    const servers = [{ host: '127.0.0.1', port: dns.port }]
    const resolver = createStubResolver({ ...stubDefaults, servers })
    const ask = createStrangerClient(
      { ca: ca.certificate, allowPrivate: true },
      { resolver, clock: systemClock, budgets: createBudgets(systemClock) },
    )
    const lines: string[] = []
    const log = {
      warn: (fields: object) => void lines.push(JSON.stringify(fields)),
      info: () => undefined,
      bug: (error: unknown) => void lines.push(`bug ${String(error)}`),
    }
    const config = {
      data: folder,
      hostname: 'mx-01.example.org',
      dns: { servers },
      dkim: null,
      delivery: { policy_port: policies.port },
      dns_check: { fleet, every: 3_600_000, lists: false, connect: true },
    } as unknown as Config
    const watch = watchFleetDns(config, { clock, resolver, ask, log, port: dns.authority, portOf })
    await clock.advance(60_000)
    const checked = async () => (await watch?.metrics[1]?.read())?.length === 1
    await until(checked, { what: 'the check', timeout: 30_000 })
    watch?.close()
    expect(lines.some((line) => line.includes('no TLSA record of _25._tcp.mx-01.example.org fits'))).toBe(true)
    expect(lines.filter((line) => line.startsWith('bug'))).toEqual([])
    expect(await watch?.health.check()).toMatchObject({ kind: 'degraded' })
    expect(readFileSync(join(folder, 'dns-check.json'), 'utf8')).toContain('shown-tlsa')
  })
})
