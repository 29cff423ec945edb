import { describe, expect, test } from 'vitest'
import type { CertificateAuthenticator } from '../../auth/authenticator.ts'
import type { ClientCertificate, Session } from '../../smtp/session.ts'
import { admitCertificate, admitConnection, admitTransaction } from './admission.ts'
import type { Admission, AdmissionSettings } from './admission.ts'
import { Peers } from '../peers.ts'

const KEY = 'a'.repeat(64)
const CERT = 'b'.repeat(64)
const certificate: ClientCertificate = {
  subject: 'CN=web-01',
  fingerprint: CERT,
  keyFingerprint: KEY,
}

const machines: CertificateAuthenticator = {
  identify: async ({ keyFingerprint }) =>
    keyFingerprint === KEY
      ? { kind: 'identified', identity: 'web-01' }
      : { kind: 'wrong', cause: 'unknown certificate' },
}

function settings(admit: Admission[], more: Partial<AdmissionSettings> = {}): AdmissionSettings {
  return { admit, peers: new Peers([]), machines: null, ...more }
}

function session(more: Partial<Session> = {}): Session {
  return {
    id: 's1',
    listener: 'smtp',
    remoteIp: '198.51.100.7',
    remoteName: null,
    connectedAt: 0,
    helo: null,
    esmtp: true,
    tls: null,
    origin: null,
    ...more,
  }
}

const withTls = (shown: ClientCertificate | null) =>
  session({ tls: { version: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384', certificate: shown } })

describe('at connect', () => {
  test('a listed address is a peer of its role, also when it comes mapped into IPv6', () => {
    const peers = new Peers([{ role: 'mx', addresses: ['192.0.2.0/30', '2001:db8::25/128'], fingerprints: [] }])
    const admission = settings(['peers'], { peers })
    for (const remoteIp of ['192.0.2.1', '::ffff:192.0.2.1', '2001:db8::25'])
      expect(admitConnection(admission, session({ remoteIp }))).toMatchObject({
        kind: 'accept',
        origin: { kind: 'peer', role: 'mx', vouched: 'nothing' },
      })
    expect(admitConnection(admission, session({ remoteIp: '192.0.2.9' }))).toMatchObject({
      kind: 'reject',
      reply: { code: 554, enhanced: '5.7.1' },
    })
  })

  test('a stranger on a listener for peers is heard only if a certificate could still prove him', () => {
    const peers = new Peers([{ role: 'mx', addresses: [], fingerprints: [KEY] }])
    expect(admitConnection(settings(['peers'], { peers }), session())).toEqual({ kind: 'accept' })
    expect(admitConnection(settings(['peers']), session()).kind).toBe('reject')
  })

  test('the internet is the internet, peers before it', () => {
    const peers = new Peers([{ role: 'submission', addresses: ['192.0.2.3/32'], fingerprints: [] }])
    const admission = settings(['peers', 'internet'], { peers })
    expect(admitConnection(admission, session())).toMatchObject({ origin: { kind: 'internet' } })
    expect(admitConnection(admission, session({ remoteIp: '192.0.2.3' }))).toMatchObject({
      origin: { kind: 'peer', role: 'submission' },
    })
  })

  test('people and machines are nobody until they prove who they are', () => {
    expect(admitConnection(settings(['users']), session())).toEqual({ kind: 'accept' })
    expect(admitConnection(settings(['machines']), session())).toEqual({ kind: 'accept' })
  })
})

describe('with TLS up', () => {
  test('a certificate proves a peer by its key or by itself', async () => {
    for (const print of [KEY, CERT]) {
      const peers = new Peers([{ role: 'mx', addresses: [], fingerprints: [print] }])
      const answer = await admitCertificate(settings(['peers'], { peers }), withTls(certificate))
      expect(answer).toMatchObject({ kind: 'accept', origin: { kind: 'peer', role: 'mx' } })
    }
  })

  test('a valid chain alone proves nothing', async () => {
    const peers = new Peers([{ role: 'mx', addresses: [], fingerprints: ['c'.repeat(64)] }])
    expect((await admitCertificate(settings(['peers'], { peers }), withTls(certificate))).kind).toBe('reject')
  })

  test('a machine is known by its fingerprint; others and those without a certificate are sent away', async () => {
    const admission = settings(['machines'], { machines })
    expect(await admitCertificate(admission, withTls(certificate))).toMatchObject({
      origin: { kind: 'machine', identity: 'web-01' },
    })
    expect((await admitCertificate(admission, withTls({ ...certificate, keyFingerprint: CERT }))).kind).toBe('reject')
    expect((await admitCertificate(admission, withTls(null))).kind).toBe('reject')
  })

  test('a source that cannot answer is temporary', async () => {
    const down: CertificateAuthenticator = { identify: async () => ({ kind: 'unavailable', cause: 'directory down' }) }
    const answer = await admitCertificate(settings(['machines'], { machines: down }), withTls(certificate))
    expect(answer).toMatchObject({ kind: 'defer', reply: { code: 454, enhanced: '4.7.0' } })
  })

  test('people need no certificate, and the internet keeps its class', async () => {
    expect(await admitCertificate(settings(['users']), withTls(null))).toEqual({ kind: 'accept' })
    const stranger = { ...withTls(null), origin: { kind: 'internet' } as const }
    expect(await admitCertificate(settings(['peers', 'internet']), stranger)).toEqual({ kind: 'accept' })
  })
})

test('a session that proved nothing sends nothing', () => {
  expect(admitTransaction(session())).toMatchObject({
    kind: 'reject',
    reply: { code: 530, enhanced: '5.7.0', text: expect.stringContaining('STARTTLS') },
  })
  expect(admitTransaction(withTls(null))).toMatchObject({ reply: { text: 'Authentication required' } })
  expect(admitTransaction(session({ origin: { kind: 'internet' } })).kind).toBe('accept')
})
