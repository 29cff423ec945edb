// Passwords and certificates for smarthosts: the mechanism, TLS before the password, and what a refusal means.

import { createSecureContext } from 'node:tls'
import { afterEach, describe, expect, it } from 'vitest'
import type { SaslAccount } from '../../../test/lib/sasl-server.ts'
import { type PeerOptions, type SmtpPeer, startSmtpPeer } from '../../../test/lib/smtp-peer.ts'
import {
  contentFrom,
  envelopeFor,
  loopbackTarget,
  openTarget,
  profileWith,
  transportSettings,
} from '../../../test/lib/transport-settings.ts'
import { createAuthority } from '../../demo/ca.ts'
import { systemClock } from '../../lib/clock.ts'
import type { ClientProfile } from './client-profile.ts'
import { outcomeOf } from '../attempt/delivery-outcome.ts'
import { createSmtpTransport } from './smtp-transport.ts'
import { type PolicyName, tlsPolicies } from '../tls-policy/configured-policies.ts'
import type { OpenResult } from './transport.ts'

const authority = createAuthority('the relay’s CA')
const server = authority.issue({ names: ['peer.test'], ips: ['127.0.0.1'] })
const tls = { cert: server.certificate, key: server.key }
const account: SaslAccount = { mechanisms: ['PLAIN'], user: 'node', password: 'a secret' }
const credentials = { kind: 'password', user: 'node', password: 'a secret' } as const
const contexts = {
  opportunistic: createSecureContext(),
  public: createSecureContext(),
  verified: createSecureContext({ ca: authority.certificate }),
}

const peers: SmtpPeer[] = []
const opened: OpenResult[] = []
afterEach(async () => {
  for (const result of opened.splice(0)) if (result.kind === 'open') result.connection.close()
  await Promise.all(peers.splice(0).map((peer) => peer.close()))
})

async function open(options: PeerOptions, profile: Partial<ClientProfile>, policy: PolicyName = 'verify') {
  const peer = await startSmtpPeer(options)
  peers.push(peer)
  const transport = createSmtpTransport(transportSettings(), { clock: systemClock })
  const target = loopbackTarget(peer.port, {
    tls: tlsPolicies[policy],
    profile: profileWith({ tls: contexts, ...profile }),
  })
  const result = await openTarget(transport, target)
  opened.push(result)
  return { peer, result }
}

async function deliver(result: OpenResult) {
  if (result.kind !== 'open') return result.error
  const mail = contentFrom('Subject: test\r\n\r\n', 'Hello.\r\n')
  return (await result.connection.send(envelopeFor(['a@example.net']), mail))[0]
}

describe('a password', () => {
  it.each([
    ['PLAIN', ['PLAIN', 'LOGIN']],
    ['LOGIN', ['LOGIN']],
    ['SCRAM-SHA-256', ['PLAIN', 'SCRAM-SHA-256']],
  ] as const)('is given by %s', async (mechanism, mechanisms) => {
    const { peer, result } = await open({ tls, auth: { ...account, mechanisms } }, { credentials })
    expect(await deliver(result)).toMatchObject({ kind: 'accepted' })
    const said = peer.commands.filter(({ line }) => line.startsWith('AUTH')).map(({ line }) => line.split(' ')[1])
    expect(said).toEqual([mechanism])
  })

  it('is not sent by SCRAM', async () => {
    const { peer } = await open({ tls, auth: { ...account, mechanisms: ['SCRAM-SHA-256'] } }, { credentials })
    const said = peer.commands.map(({ line }) => `${line} ${Buffer.from(line, 'base64').toString('latin1')}`).join()
    expect(said).not.toContain('a secret')
  })

  it('is never sent without TLS, even under the policy may', async () => {
    for (const options of [{}, { tls, brokenTls: true }, { tls, diesInTls: true }]) {
      const { peer, result } = await open({ ...options, auth: account }, { credentials }, 'may')
      expect(result).toMatchObject({ kind: 'closed', error: { kind: 'unsupported', status: '4.7.4' } })
      expect(peer.commands.filter(({ line }) => line.startsWith('AUTH'))).toEqual([])
    }
  })

  it('is not sent to a host whose certificate is not valid', async () => {
    const stranger = createAuthority('another CA').issue({ names: ['peer.test'], ips: ['127.0.0.1'] })
    const options = { tls: { cert: stranger.certificate, key: stranger.key }, auth: account }
    const { peer, result } = await open(options, { credentials })
    expect(result).toMatchObject({ kind: 'closed', error: { kind: 'unsupported', status: '4.7.5' } })
    expect(peer.commands.filter(({ line }) => line.startsWith('AUTH'))).toEqual([])
  })

  it.each(['PLAIN', 'LOGIN', 'SCRAM-SHA-256'] as const)('that is wrong defers, with %s', async (mechanism) => {
    const wrong = { kind: 'password', user: 'node', password: 'another' } as const
    const { result } = await open({ tls, auth: { ...account, mechanisms: [mechanism] } }, { credentials: wrong })
    if (result.kind !== 'closed') throw new Error('the login was accepted')
    expect(result.error).toMatchObject({ kind: 'refused', phase: 'auth' })
    const outcome = outcomeOf(result.error, { host: null, tls: null, dsnPassedOn: false, lmtp: false, recipients: 1 })
    expect(outcome).toMatchObject({ kind: 'deferred', scope: 'site', status: '4.7.8' })
  })

  it('is not accepted by a server that does not know it', async () => {
    const impostor: SaslAccount = { ...account, mechanisms: ['SCRAM-SHA-256'], impostor: true }
    const { result } = await open({ tls, auth: impostor }, { credentials }, 'encrypt')
    expect(result).toMatchObject({ kind: 'closed', error: { kind: 'protocol-error', phase: 'auth' } })
  })

  it('is not sent if no known mechanism is offered', async () => {
    const { result } = await open({ tls, auth: { ...account, mechanisms: [] } }, { credentials })
    expect(result).toMatchObject({ kind: 'closed', error: { kind: 'unsupported', scope: 'site', status: '4.7.4' } })
  })
})

describe('a certificate of the profile', () => {
  it('is presented instead of the certificate of the node', async () => {
    const ours = authority.issue({ names: ['customer-7.test'], client: true })
    const own = { cert: ours.certificate, key: ours.key }
    const withOwn = { ...contexts, verified: createSecureContext({ ca: authority.certificate, ...own }) }
    const { peer, result } = await open({ tls: { ...tls, requestCert: true } }, { tls: withOwn })
    expect(await deliver(result)).toMatchObject({ kind: 'accepted' })
    expect(peer.messages[0]?.clientCertificate).toContain('customer-7.test')
  })
})

describe('other settings of a profile', () => {
  it('set another EHLO name and source address', async () => {
    const helo = { ipv4: 'other.test', ipv6: 'other6.test' }
    const { peer, result } = await open({ tls }, { helo, source: { ipv4: '127.0.0.3', ipv6: null } })
    expect(result.kind).toBe('open')
    expect(peer.commands.map(({ line }) => line)).toContain('EHLO other.test')
    expect(peer.clients).toEqual(['127.0.0.3'])
  })
})
