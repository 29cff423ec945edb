// What MTA-STS demands of a host, tried with real connections to hosts with TLS of every kind, and its place after DANE.

import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import { afterEach, describe, expect, it } from 'vitest'
import { fakeResolver, type Zone } from '../../../test/lib/fake-resolver.ts'
import { type PeerOptions, type SmtpPeer, startSmtpPeer } from '../../../test/lib/smtp-peer.ts'
import { loopbackTarget, openTarget, transportSettings } from '../../../test/lib/transport-settings.ts'
import { createAuthority, type Issued } from '../../demo/ca.ts'
import { systemClock } from '../../lib/clock.ts'
import type { StsAnswer } from '../../mta-sts/policy-finder.ts'
import type { StsPolicy } from '../../mta-sts/sts-policy.ts'
import type { OpenResult } from '../smtp-client/transport.ts'
import { createSmtpTransport } from '../smtp-client/smtp-transport.ts'
import type { HostPath } from '../tls-policy/host-path.ts'
import type { TlsPeer } from '../tls-policy/tls-policy.ts'
import { publishedPolicy } from '../tls-policy/published-policy.ts'
import { createStsSource } from './sts-source.ts'

const publicCa = createAuthority('public')
const fleetCa = createAuthority('fleet')
const tlsOf = ({ certificate: cert, key }: Issued) => ({ tls: { cert, key } })
const valid = tlsOf(publicCa.issue({ names: ['mx.a.test'] }))
const expired = tlsOf(publicCa.issue({ names: ['mx.a.test'], days: -1 }))
const foreign = tlsOf(publicCa.issue({ names: ['mx.b.test'] }))
const untrusted = tlsOf(fleetCa.issue({ names: ['mx.a.test'] }))

const path: HostPath = {
  domain: 'a.test',
  canonicalDomain: 'a.test',
  mxAuthentic: false,
  addressAuthentic: false,
  canonicalHost: 'mx.a.test',
}
const peers: SmtpPeer[] = []
const opened: OpenResult[] = []
afterEach(async () => {
  for (const result of opened.splice(0)) if (result.kind === 'open') result.connection.close()
  await Promise.all(peers.splice(0).map((peer) => peer.close()))
})

interface Given {
  readonly peer?: PeerOptions
  readonly path?: Partial<HostPath>
  readonly zone?: Zone
}

async function open(answer: StsAnswer, given: Given = {}): Promise<OpenResult> {
  const peer = await startSmtpPeer(given.peer)
  peers.push(peer)
  const settings = {
    ...transportSettings({ timeouts: { starttls: 300, ehlo: 300, greeting: 300 } }),
    tls: {
      opportunistic: createSecureContext(),
      verified: createSecureContext({ ca: fleetCa.certificate }),
      public: createSecureContext({ ca: publicCa.certificate }),
    },
  }
  const target = loopbackTarget(peer.port, {
    host: 'mx.a.test',
    tls: publishedPolicy,
    path: { ...path, ...given.path },
  })
  const sources = [createStsSource(async () => answer)]
  const ports = { resolver: fakeResolver(given.zone ?? {}), clock: systemClock, sources }
  const result = await openTarget(createSmtpTransport(settings, { clock: systemClock }), target, ports)
  opened.push(result)
  return result
}

const tlsResult = (result: OpenResult) => (result.kind === 'open' ? result.connection.tls : result.tls)
const policyOf = (changes: Partial<StsPolicy> = {}): StsAnswer => ({
  kind: 'policy',
  policy: { mode: 'enforce', mx: ['*.a.test'], maxAge: 86_400, ...changes },
  text: 'a policy',
})

describe('enforce', () => {
  it('accepts a host with a certificate of a public authority for its name, and proves the name', async () => {
    const result = await open(policyOf(), { peer: valid })
    expect(result).toMatchObject({ kind: 'open', connection: { requirement: { provesName: true } } })
    expect(tlsResult(result)).toEqual({ level: 'verified', policy: 'mta-sts', protocol: 'TLSv1.3' })
  })

  it.each([
    ['without STARTTLS', {}, 'starttls-not-supported'],
    ['whose handshake fails', { ...valid, brokenTls: true }, 'validation-failure'],
    ['with an expired certificate', expired, 'certificate-expired'],
    ['with a certificate for another name', foreign, 'certificate-host-mismatch'],
    ['with a certificate of the fleet, which is no public authority', untrusted, 'certificate-not-trusted'],
  ] as const)('never sends to a host %s', async (_name, peer, failure) => {
    const result = await open(policyOf(), { peer })
    expect(result).toMatchObject({ kind: 'closed', tls: { level: 'none', policy: 'mta-sts', failure } })
    // Deferred, never failed.
    const error = result.kind === 'closed' ? result.error : null
    expect(error?.kind === 'unsupported' ? error.status : '4').toMatch(/^4/)
  })

  it.each([
    ['only in its subject', ['-subj', '/CN=mx.a.test']],
    ['by a part of a label', ['-subj', '/CN=x', '-addext', 'subjectAltName=DNS:m*.a.test']],
  ])('never sends to a host that the certificate names %s', async (_name, names) => {
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', '/dev/null']
    const pem = execFileSync('openssl', ['req', '-x509', ...key, '-days', '9', ...names], { stdio: 'pipe' })
    const certificate = new X509Certificate(pem)
    const source = createStsSource(async () => policyOf())
    const ports = { resolver: fakeResolver({}), clock: systemClock, sources: [] }
    const answer = await source.ask({ host: 'mx.a.test', port: 25, path }, ports)
    const peer = { authorized: true, getPeerX509Certificate: () => certificate } as unknown as TlsPeer
    expect(answer.kind === 'use' && answer.requirement.judge(peer)).toMatchObject({
      kind: 'rejected',
      failure: 'certificate-host-mismatch',
    })
  })

  it('does not connect to a host that the policy does not allow', async () => {
    const result = await open(policyOf({ mx: ['mail.a.test'] }), { peer: valid })
    expect(result).toMatchObject({
      kind: 'closed',
      reached: false,
      error: {
        status: '4.7.5',
        text: 'The MTA-STS policy of a.test does not allow the mail host mx.a.test, only mail.a.test',
      },
      tls: { policy: 'mta-sts', failure: 'validation-failure' },
    })
    expect(peers[0]?.sessions).toBe(0)
  })
})

describe('testing', () => {
  const testing = policyOf({ mode: 'testing' })
  it.each([
    ['with a valid certificate', valid, { level: 'verified' }],
    ['without STARTTLS', {}, { level: 'none', failure: 'starttls-not-supported' }],
    ['whose handshake fails', { ...valid, brokenTls: true }, { level: 'none', failure: 'validation-failure' }],
    ['with an expired certificate', expired, { level: 'encrypted', failure: 'certificate-expired' }],
    ['with a certificate for another name', foreign, { level: 'encrypted', failure: 'certificate-host-mismatch' }],
    ['with a certificate of another authority', untrusted, { level: 'encrypted', failure: 'certificate-not-trusted' }],
  ] as const)('sends to a host %s, and records what enforce would do', async (_name, peer, expected) => {
    const result = await open(testing, { peer })
    expect(result.kind).toBe('open')
    expect(tlsResult(result)).toMatchObject({ policy: 'mta-sts-testing', ...expected })
    if (!('failure' in expected)) expect(tlsResult(result)).not.toHaveProperty('failure')
  })

  it('sends to a host that the policy does not allow', async () => {
    const result = await open(policyOf({ mode: 'testing', mx: ['mail.a.test'] }), { peer: valid })
    expect(result.kind).toBe('open')
    expect(tlsResult(result)).toMatchObject({ level: 'verified', failure: 'validation-failure' })
  })
})

describe('without a policy', () => {
  it('TLS is used where the host offers it', async () => {
    expect(tlsResult(await open({ kind: 'none', text: 'no record' }, { peer: expired }))).toEqual({
      level: 'encrypted',
      policy: 'may',
      protocol: 'TLSv1.3',
    })
  })

  it('that the domain announces, the domain learns of it', async () => {
    const failed = { kind: 'failed', failure: 'sts-policy-fetch-error', text: '404' } as const
    expect(tlsResult(await open(failed, { peer: expired }))).toMatchObject({
      level: 'encrypted',
      policy: 'may',
      failure: 'sts-policy-fetch-error',
    })
  })

  it.each([
    ['our fault', { ours: true }, {}],
    ['the fault of a zone with DNSSEC', { ours: false }, { mxAuthentic: true }],
    ['because the record is bogus', { ours: false, isBogus: true }, {}],
  ] as const)('because it cannot be known now, %s, mail waits', async (_name, why, changes) => {
    const result = await open({ kind: 'unavailable', ...why, text: 'SERVFAIL' }, { peer: valid, path: changes })
    expect(result).toMatchObject({
      kind: 'closed',
      error: { status: '4.7.5', text: 'The MTA-STS policy of a.test cannot be known: SERVFAIL' },
    })
  })

  it('because a zone without DNSSEC does not answer, mail is sent', async () => {
    const result = await open({ kind: 'unavailable', ours: false, text: 'SERVFAIL' }, { peer: valid })
    expect(tlsResult(result)).toMatchObject({ level: 'encrypted', policy: 'may' })
  })

  it('a host of the configuration has none', async () => {
    const result = await open(policyOf({ mx: ['mail.a.test'] }), { peer: valid, path: { domain: null } })
    expect(tlsResult(result)).toMatchObject({ policy: 'may' })
  })
})

describe('DANE', () => {
  const signed = { mxAuthentic: true, addressAuthentic: true }
  it('decides alone if the host has usable records (RFC 8461 section 2)', async () => {
    const peer = await startSmtpPeer(valid)
    peers.push(peer)
    const zone: Zone = {
      authentic: [`_${peer.port}._tcp.mx.a.test TLSA`],
      [`_${peer.port}._tcp.mx.a.test TLSA`]: [`3 1 1 ${'00'.repeat(32)}`],
    }
    const settings = { ...transportSettings() }
    const target = loopbackTarget(peer.port, { host: 'mx.a.test', tls: publishedPolicy, path: { ...path, ...signed } })
    const asked: string[] = []
    const source = createStsSource(async (domain) => {
      asked.push(domain)
      return policyOf()
    })
    const ports = { resolver: fakeResolver(zone), clock: systemClock, sources: [source] }
    const result = await openTarget(createSmtpTransport(settings, { clock: systemClock }), target, ports)
    opened.push(result)
    expect(result).toMatchObject({ kind: 'closed', tls: { policy: 'dane' } })
    expect(asked).toEqual([])
  })
})
