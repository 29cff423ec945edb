// Each TLS policy against hosts with and without TLS, with valid and with invalid certificates.

import { createHash, X509Certificate } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import { afterEach, describe, expect, it } from 'vitest'
import { type PeerOptions, type SmtpPeer, startSmtpPeer } from '../../../test/lib/smtp-peer.ts'
import {
  contentFrom,
  envelopeFor,
  loopbackTarget,
  openTarget,
  profileWith,
  transportSettings,
} from '../../../test/lib/transport-settings.ts'
import { createAuthority, type Issued } from '../../demo/ca.ts'
import { systemClock } from '../../lib/clock.ts'
import { plainMail } from '../../smtp/envelope.ts'
import type { TlsResult } from '../../smtp/tls-result.ts'
import { createSmtpTransport } from '../smtp-client/smtp-transport.ts'
import { generalContexts } from './client-contexts.ts'
import { type PolicyName, tlsPolicies } from './configured-policies.ts'
import { fingerprintPolicy } from './fingerprint-policy.ts'
import { configuredPath } from './host-path.ts'
import { withMandatoryTls } from './mandatory-tls.ts'
import { securePolicy } from './secure-policy.ts'
import type { HostDecision, TlsContexts, TlsPolicy, TlsRequirement } from './tls-policy.ts'
import type { Target } from '../target.ts'
import type { OpenResult } from '../smtp-client/transport.ts'

const authority = createAuthority('our CA')
const stranger = createAuthority('another CA')
const fitting = tlsOf(authority.issue({ names: ['peer.test'], ips: ['127.0.0.1'] }))
const client = authority.issue({ names: ['client.test'], client: true })
const mail = contentFrom('Subject: test\r\n\r\n', 'Hello.\r\n')

const peers: SmtpPeer[] = []
const opened: OpenResult[] = []
afterEach(async () => {
  for (const result of opened.splice(0)) if (result.kind === 'open') result.connection.close()
  await Promise.all(peers.splice(0).map((peer) => peer.close()))
})

function tlsOf({ certificate, key }: Issued) {
  return { cert: certificate, key }
}

async function open(policy: PolicyName | TlsPolicy, options: PeerOptions, target: Partial<Target> = {}) {
  const peer = await startSmtpPeer(options)
  peers.push(peer)
  const settings = {
    ...transportSettings({ timeouts: { starttls: 300, ehlo: 300, greeting: 300 } }),
    tls: {
      opportunistic: createSecureContext(),
      public: createSecureContext(),
      verified: createSecureContext({ ca: authority.certificate, ...tlsOf(client) }),
    },
  }
  const transport = createSmtpTransport(settings, { clock: systemClock })
  const result = await openTarget(
    transport,
    loopbackTarget(peer.port, { tls: typeof policy === 'string' ? tlsPolicies[policy] : policy, ...target }),
  )
  opened.push(result)
  const said = result.kind === 'open' ? describeTls(result.connection.tls) : result.error
  return { peer, result, said }
}

/** `TLSv1.3 encrypted`, `clear`, or `clear validation-failure`. */
function describeTls({ level, protocol, failure }: TlsResult): string {
  if (level !== 'none') return `${protocol} ${level}`
  return failure === undefined ? 'clear' : `clear ${failure}`
}

async function deliver(result: OpenResult) {
  if (result.kind !== 'open') throw new Error(JSON.stringify(result))
  return (await result.connection.send(envelopeFor(['a@example.net']), mail))[0]?.kind
}

describe('may', () => {
  it('continues without TLS if it fails with the first reply inside it; encrypt does not', async () => {
    const options = { tls: fitting, diesInTls: true }
    const { peer, result, said } = await open('may', options)
    expect(said).toBe('clear validation-failure')
    expect(await deliver(result)).toBe('accepted')
    expect(peer.sessions).toBe(2)
    const insisting = await open('encrypt', options)
    expect(insisting.said).toMatchObject({ kind: 'lost', phase: 'tls' })
    expect(insisting.peer.sessions).toBe(1)
  })

  it('opens a second connection without TLS if the host closes at STARTTLS', async () => {
    const { peer, result, said } = await open('may', { tls: fitting, moods: { starttls: 'disconnect' } })
    expect(said).toBe('clear validation-failure')
    expect(await deliver(result)).toBe('accepted')
    expect(peer.sessions).toBe(2)
    const insisting = await open('encrypt', { tls: fitting, moods: { starttls: 'disconnect' } })
    expect(insisting.said).toMatchObject({ kind: 'lost', phase: 'starttls' })
    expect(insisting.peer.sessions).toBe(1)
  })

  it('accepts any certificate', async () => {
    for (const issued of [
      stranger.issue({ names: ['other.test'] }),
      authority.issue({ names: ['peer.test'], days: -1 }),
    ]) {
      const { peer, result, said } = await open('may', { tls: tlsOf(issued) })
      expect(said).toBe('TLSv1.3 encrypted')
      expect(await deliver(result)).toBe('accepted')
      expect(peer.messages[0]).toMatchObject({ tls: true, clientCertificate: null })
    }
  })

  it('sends without TLS if STARTTLS is not offered or refused', async () => {
    expect((await open('may', {})).said).toBe('clear starttls-not-supported')
    const refused = await open('may', { tls: fitting, moods: { starttls: 'tempfail' } })
    expect(refused.said).toBe('clear starttls-not-supported')
    expect(await deliver(refused.result)).toBe('accepted')
    expect(refused.peer.sessions).toBe(1)
  })

  it('opens a second connection without TLS after a failed handshake', async () => {
    const { peer, result, said } = await open('may', { tls: fitting, brokenTls: true })
    expect(said).toBe('clear validation-failure')
    expect(await deliver(result)).toBe('accepted')
    expect(peer.sessions).toBe(2)
    expect(peer.commands.filter(({ line }) => line === 'STARTTLS')).toHaveLength(1)
  })

  it('rejects text that was sent before TLS behind the reply to STARTTLS', async () => {
    const { said } = await open('may', {
      tls: fitting,
      replies: { starttls: '220 go\r\n250-injected\r\n250 PIPELINING' },
    })
    expect(said).toMatchObject({ kind: 'protocol-error', phase: 'starttls' })
  })
})

describe('none', () => {
  it('does not use STARTTLS even if it is offered', async () => {
    const { peer, said } = await open('none', { tls: fitting })
    expect(said).toBe('clear')
    expect(peer.commands.map(({ line }) => line)).not.toContain('STARTTLS')
  })
})

describe('encrypt', () => {
  it('accepts any certificate but never sends without TLS', async () => {
    expect((await open('encrypt', { tls: tlsOf(stranger.issue({ names: ['x.test'] })) })).said).toBe(
      'TLSv1.3 encrypted',
    )
    expect((await open('encrypt', {})).said).toMatchObject({ kind: 'unsupported', scope: 'site', status: '4.7.4' })
    expect((await open('encrypt', { tls: fitting, moods: { starttls: 'tempfail' } })).said).toMatchObject({
      kind: 'refused',
    })
    const broken = await open('encrypt', { tls: fitting, brokenTls: true })
    expect(broken.said).toMatchObject({ kind: 'lost', phase: 'tls' })
    expect(broken.peer.sessions).toBe(1)
  })
})

describe('verify', () => {
  it('presents the client certificate to a host that proves its name', async () => {
    const { peer, result, said } = await open('verify', {
      tls: { ...fitting, ca: authority.certificate, requestCert: true },
    })
    expect(said).toBe('TLSv1.3 verified')
    expect(await deliver(result)).toBe('accepted')
    expect(peer.messages[0]?.clientCertificate).toContain('client.test')
  })

  it('verifies an address against the addresses in the certificate', async () => {
    expect((await open('verify', { tls: fitting }, { host: '127.0.0.1' })).said).toBe('TLSv1.3 verified')
    const named = tlsOf(authority.issue({ names: ['peer.test'] }))
    expect((await open('verify', { tls: named }, { host: '127.0.0.1' })).said).toMatchObject({ status: '4.7.5' })
  })

  it.each([
    ['certificate-not-trusted', stranger.issue({ names: ['peer.test'] })],
    ['certificate-host-mismatch', authority.issue({ names: ['other.test'] })],
    ['certificate-expired', authority.issue({ names: ['peer.test'], days: -1 })],
  ])('rejects a peer: %s', async (failure, issued) => {
    const { result, said, peer } = await open('verify', { tls: tlsOf(issued) })
    expect(said).toMatchObject({ kind: 'unsupported', scope: 'site', status: '4.7.5' })
    expect(result).toMatchObject({
      reached: true,
      peerName: 'peer.test',
      tls: { level: 'none', policy: 'verify', failure },
    })
    expect(peer.commands.map(({ line }) => line)).not.toContain(expect.stringMatching(/^MAIL/))
  })

  it('rejects a host without TLS', async () => {
    expect((await open('verify', {})).said).toMatchObject({ status: '4.7.4' })
  })
})

/** How the MX record of a domain leads to `peer.test`. */
const throughMx = (domain: string, mxAuthentic = false) => ({
  path: { ...configuredPath('peer.test'), domain, canonicalDomain: domain, mxAuthentic },
})

describe('secure', () => {
  const ofDomain = tlsOf(authority.issue({ names: ['mx.a.example', 'a.example'] }))
  const mismatch = { tls: { level: 'none', policy: 'secure', failure: 'certificate-host-mismatch' } }

  it('wants the name of the domain, or one below it, because MX records may be forged', async () => {
    const wildcard = tlsOf(authority.issue({ names: ['*.a.example'] }))
    for (const tls of [ofDomain, wildcard])
      expect((await open(securePolicy(null), { tls }, throughMx('a.example'))).said).toBe('TLSv1.3 verified')
    expect((await open(securePolicy(null), { tls: ofDomain }, throughMx('b.example'))).result).toMatchObject(mismatch)
    expect((await open(securePolicy(null), { tls: fitting }, throughMx('a.example'))).result).toMatchObject(mismatch)
  })

  it('accepts the name of the host if DNSSEC or the configuration leads to it', async () => {
    const secured = await open(securePolicy(null), { tls: fitting }, throughMx('a.example', true))
    expect(secured.said).toBe('TLSv1.3 verified')
    expect((await open(securePolicy(null), { tls: fitting })).said).toBe('TLSv1.3 verified')
  })

  it('accepts only the given names, if there are some', async () => {
    const match = ['x.example', '.peers.example']
    const tls = tlsOf(authority.issue({ names: ['one.peers.example'] }))
    expect((await open(securePolicy(match), { tls })).said).toBe('TLSv1.3 verified')
    expect((await open(securePolicy(match), { tls: fitting })).result).toMatchObject(mismatch)
  })

  it('wants a trusted CA and valid dates', async () => {
    const names = { names: ['peer.test'] }
    const other = await open(securePolicy(null), { tls: tlsOf(stranger.issue(names)) })
    expect(other.result).toMatchObject({ tls: { failure: 'certificate-not-trusted' } })
    const old = await open(securePolicy(null), { tls: tlsOf(authority.issue({ ...names, days: -1 })) })
    expect(old.result).toMatchObject({ tls: { failure: 'certificate-expired' } })
  })
})

describe('fingerprint', () => {
  const issued = stranger.issue({ names: ['other.test'], days: -1 })
  const { raw, publicKey } = new X509Certificate(issued.certificate)
  const sha256 = (data: Buffer) => createHash('sha256').update(data).digest('hex')

  it.each([
    ['certificate', sha256(raw)],
    ['public key', sha256(publicKey.export({ type: 'spki', format: 'der' }))],
  ])('accepts a listed %s, whatever its CA, name and dates are', async (_what, fingerprint) => {
    const policy = fingerprintPolicy(['0'.repeat(64), fingerprint])
    expect((await open(policy, { tls: tlsOf(issued) })).said).toBe('TLSv1.3 verified')
  })

  it('rejects others, and no TLS', async () => {
    const policy = fingerprintPolicy(['0'.repeat(64)])
    expect((await open(policy, { tls: fitting })).said).toMatchObject({ kind: 'unsupported', status: '4.7.5' })
    expect((await open(policy, {})).said).toMatchObject({ kind: 'unsupported', status: '4.7.4' })
  })
})

describe('mandatory TLS', () => {
  const policy = withMandatoryTls(tlsPolicies.dane, ['bank.example', '*.gov.example'])

  it.each(['bank.example', 'a.gov.example'])('never sends to %s without TLS', async (domain) => {
    expect((await open(policy, {}, throughMx(domain))).said).toMatchObject({ status: '4.7.4' })
    expect((await open(policy.relaxed ?? policy, {}, throughMx(domain))).said).toMatchObject({ status: '4.7.4' })
    expect((await open(policy, { tls: fitting }, throughMx(domain))).said).toBe('TLSv1.3 encrypted')
  })

  it('keeps what the domain publishes, for reports', async () => {
    const published = { type: 'sts', strings: ['mode: testing'], mxHosts: [] } as const
    const testing: TlsRequirement = {
      policy: 'mta-sts-testing',
      key: 'mta-sts-testing',
      startTls: 'if-offered',
      context: 'opportunistic',
      published,
      judge: () => ({ kind: 'accepted', level: 'encrypted', failure: 'certificate-expired' }),
    }
    const inner: TlsPolicy = { name: 'dane', forHost: () => ({ kind: 'use', requirement: testing }) }
    const listed = { tls: withMandatoryTls(inner, ['bank.example']), ...throughMx('bank.example') }
    const { result } = await open('none', { tls: fitting }, listed)
    expect(result).toMatchObject({
      connection: {
        tls: { level: 'encrypted', policy: 'mta-sts-testing', failure: 'certificate-expired' },
        requirement: { published, startTls: 'always' },
      },
    })
  })

  it.each(['gov.example', 'x.bank.example', 'other.example'])('does not concern %s', async (domain) => {
    expect((await open(policy, {}, throughMx(domain))).said).toBe('clear starttls-not-supported')
  })
})

describe('versions and ciphers', () => {
  const contexts = (minVersion: 'TLSv1.2' | 'TLSv1.3', ciphers?: string) =>
    generalContexts({ value: null }, { minVersion, ciphers, publicCa: null })
  const through = (tls: TlsContexts, host: PeerOptions['tls']) =>
    open('encrypt', { tls: { ...fitting, ...host } }, { profile: profileWith({ tls }) })

  it('refuses a lower version than the configured one', async () => {
    expect((await through(contexts('TLSv1.2'), { maxVersion: 'TLSv1.2' })).said).toBe('TLSv1.2 encrypted')
    expect((await through(contexts('TLSv1.3'), { maxVersion: 'TLSv1.2' })).said).toMatchObject({ phase: 'tls' })
  })

  it('offers only the configured ciphers', async () => {
    const host = { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384' } as const
    expect((await through(contexts('TLSv1.2', 'ECDHE+AESGCM'), host)).said).toBe('TLSv1.2 encrypted')
    expect((await through(contexts('TLSv1.2', 'ECDHE+CHACHA20'), host)).said).toMatchObject({ phase: 'tls' })
  })
})

describe('a policy that asks DNS, such as DANE', () => {
  const decide = (decision: HostDecision): TlsPolicy => ({ name: 'dns', forHost: async () => decision })

  it('may avoid a host without a connection', async () => {
    const policy = decide({
      kind: 'avoid',
      status: '4.7.5',
      text: 'TLSA look-up failed',
      failure: 'validation-failure',
    })
    const { peer, result } = await open('none', {}, { tls: policy })
    expect(result).toMatchObject({
      kind: 'closed',
      reached: false,
      error: { kind: 'unsupported', scope: 'site', status: '4.7.5' },
      tls: { level: 'none', policy: 'dns', failure: 'validation-failure' },
    })
    expect(peer.sessions).toBe(0)
  })

  it('may judge the certificate and report another policy', async () => {
    const seen: (string | undefined)[] = []
    const requirement: TlsRequirement = {
      policy: 'dane-ee',
      key: 'dane-ee',
      startTls: 'always',
      context: 'opportunistic',
      judge: (peer) => {
        seen.push(peer.getPeerX509Certificate()?.subjectAltName)
        return { kind: 'accepted', level: 'verified' }
      },
    }
    const { result } = await open('none', { tls: fitting }, { tls: decide({ kind: 'use', requirement }) })
    expect(seen).toEqual([expect.stringContaining('peer.test')])
    expect(result).toMatchObject({ connection: { tls: { level: 'verified', policy: 'dane-ee' } } })
  })
})

describe('implicit TLS', () => {
  it('starts before the greeting', async () => {
    const { peer, result, said } = await open('verify', { tls: fitting, implicitTls: true }, { implicitTls: true })
    expect(said).toBe('TLSv1.3 verified')
    expect(await deliver(result)).toBe('accepted')
    expect(peer.commands.map(({ line }) => line)).not.toContain('STARTTLS')
  })

  it('never continues without TLS', async () => {
    const { said } = await open('may', {}, { implicitTls: true })
    expect(said).toMatchObject({ kind: 'lost', phase: 'tls' })
  })
})

describe('REQUIRETLS (RFC 8689)', () => {
  it('requires a verified host that offers it', async () => {
    const envelope = envelopeFor(['a@example.net'], { parameters: { ...plainMail, requireTls: true } })
    const { peer, result } = await open('verify', { tls: fitting, extensions: ['PIPELINING', 'REQUIRETLS'] })
    if (result.kind !== 'open') throw new Error('closed')
    expect((await result.connection.send(envelope, mail))[0]?.kind).toBe('accepted')
    expect(peer.messages[0]?.mail).toContain(' REQUIRETLS')
    for (const [level, extensions] of [
      ['verify', ['PIPELINING']],
      ['may', ['PIPELINING', 'REQUIRETLS']],
    ] as const) {
      const other = await open(level, { tls: fitting, extensions })
      if (other.result.kind !== 'open') throw new Error('closed')
      expect(await other.result.connection.send(envelope, mail)).toMatchObject([
        { kind: 'unsupported', status: '5.7.30' },
      ])
      expect(other.peer.messages).toHaveLength(0)
    }
  })
})
