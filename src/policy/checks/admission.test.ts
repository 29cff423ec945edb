import { describe, expect, test } from 'vitest'
import { runCheck, sampleSession, senderFacts, sessionFacts } from '../../../test/lib/check-facts.ts'
import type { CertificateAuthenticator } from '../../auth/authenticator.ts'
import type { ClientCertificate, Session } from '../../smtp/session.ts'
import { admissionCheck } from './admission.ts'
import type { Admission, AdmissionSettings } from './admission.ts'
import { Peers } from '../peers.ts'
import { accept } from '../verdict.ts'

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

const session = sampleSession

const atConnect = (admission: AdmissionSettings, client: Session = session()) =>
  runCheck(admissionCheck(admission), 'connect', sessionFacts(client))
const withCertificate = (admission: AdmissionSettings, client: Session) =>
  runCheck(admissionCheck(admission), 'secured', sessionFacts(client))

const withTls = (shown: ClientCertificate | null) =>
  session({ tls: { version: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384', certificate: shown } })

describe('at connect', () => {
  test('a client outside the networks of the listener is refused, whatever it could prove', async () => {
    const limited = settings(['users', 'peers'], { allows: (ip) => ip.startsWith('192.0.2.') })
    expect((await atConnect(limited, session({ remoteIp: '192.0.2.1' }))).verdict.kind).toBe('accept')
    expect(await atConnect(limited, session({ remoteIp: '198.51.100.1' }))).toMatchObject({
      verdict: { kind: 'reject', reply: { code: 554, cause: '198.51.100.1: the listener does not allow its network' } },
    })
  })

  test('a listed address is a peer of its role, also as an IPv4-mapped IPv6 address', async () => {
    const peers = new Peers([{ role: 'mx', addresses: ['192.0.2.0/30', '2001:db8::25/128'], fingerprints: [] }])
    const admission = settings(['peers'], { peers })
    for (const remoteIp of ['192.0.2.1', '::ffff:192.0.2.1', '2001:db8::25'])
      expect(await atConnect(admission, session({ remoteIp }))).toMatchObject({
        verdict: accept,
        origin: { kind: 'peer', role: 'mx', vouched: 'nothing' },
      })
    expect(await atConnect(admission, session({ remoteIp: '192.0.2.9' }))).toMatchObject({
      verdict: { kind: 'reject', reply: { code: 554, enhanced: '5.7.1' } },
    })
  })

  test('a listener for peers accepts other addresses only if a certificate can still prove a peer', async () => {
    const peers = new Peers([{ role: 'mx', addresses: [], fingerprints: [KEY] }])
    expect(await atConnect(settings(['peers'], { peers }))).toEqual({ verdict: accept })
    expect((await atConnect(settings(['peers']))).verdict.kind).toBe('reject')
  })

  test('a listed peer keeps its class on a listener that is open to the internet', async () => {
    const peers = new Peers([{ role: 'submission', addresses: ['192.0.2.3/32'], fingerprints: [] }])
    const admission = settings(['peers', 'internet'], { peers })
    expect(await atConnect(admission)).toMatchObject({ origin: { kind: 'internet' } })
    expect(await atConnect(admission, session({ remoteIp: '192.0.2.3' }))).toMatchObject({
      origin: { kind: 'peer', role: 'submission' },
    })
  })

  test('people and machines have no class before they authenticate', async () => {
    expect(await atConnect(settings(['users']))).toEqual({ verdict: accept })
    expect(await atConnect(settings(['machines']))).toEqual({ verdict: accept })
  })
})

describe('with TLS up', () => {
  test('a certificate proves a peer by its key or by itself', async () => {
    for (const print of [KEY, CERT]) {
      const peers = new Peers([{ role: 'mx', addresses: [], fingerprints: [print] }])
      const answer = await withCertificate(settings(['peers'], { peers }), withTls(certificate))
      expect(answer).toMatchObject({ verdict: accept, origin: { kind: 'peer', role: 'mx' } })
    }
  })

  test('a valid chain alone proves nothing', async () => {
    const peers = new Peers([{ role: 'mx', addresses: [], fingerprints: ['c'.repeat(64)] }])
    expect((await withCertificate(settings(['peers'], { peers }), withTls(certificate))).verdict.kind).toBe('reject')
  })

  test('a machine is known by its fingerprint; other clients are refused', async () => {
    const admission = settings(['machines'], { machines })
    expect(await withCertificate(admission, withTls(certificate))).toMatchObject({
      origin: { kind: 'machine', identity: 'web-01' },
    })
    expect((await withCertificate(admission, withTls({ ...certificate, keyFingerprint: CERT }))).verdict.kind).toBe(
      'reject',
    )
    expect((await withCertificate(admission, withTls(null))).verdict.kind).toBe('reject')
  })

  test('a source that cannot answer defers', async () => {
    const down: CertificateAuthenticator = { identify: async () => ({ kind: 'unavailable', cause: 'directory down' }) }
    const answer = await withCertificate(settings(['machines'], { machines: down }), withTls(certificate))
    expect(answer).toMatchObject({ verdict: { kind: 'defer', reply: { code: 454, enhanced: '4.7.0' } } })
  })

  test('people need no certificate, and a client from the internet keeps its class', async () => {
    expect(await withCertificate(settings(['users']), withTls(null))).toEqual({ verdict: accept })
    const stranger = { ...withTls(null), origin: { kind: 'internet' } as const }
    expect(await withCertificate(settings(['peers', 'internet']), stranger)).toEqual({ verdict: accept })
  })
})

test('a session without an origin class cannot start a transaction', async () => {
  const atMail = async (client: Session) =>
    (await runCheck(admissionCheck(settings([])), 'mail', senderFacts({ session: client, origin: client.origin })))
      .verdict
  expect(await atMail(session())).toMatchObject({
    kind: 'reject',
    reply: { code: 530, enhanced: '5.7.0', text: expect.stringContaining('STARTTLS') },
  })
  expect(await atMail(withTls(null))).toMatchObject({ reply: { text: 'Authentication required' } })
  expect((await atMail(session({ origin: { kind: 'internet' } }))).kind).toBe('accept')
})
