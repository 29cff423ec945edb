import { createPrivateKey, X509Certificate } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { systemClock } from '../lib/clock.ts'
import { createAuthority } from './ca.ts'

describe('createAuthority', () => {
  it('issues certificates that verify against its root certificate', () => {
    const authority = createAuthority('Test authority')
    const issued = authority.issue({ names: ['mx.example.org', 'localhost'], ips: ['127.0.0.1', '::1'] })
    const root = new X509Certificate(authority.certificate)
    const leaf = new X509Certificate(issued.certificate)
    expect(root.ca).toBe(true)
    expect(leaf.ca).toBe(false)
    expect(leaf.checkIssued(root)).toBe(true)
    expect(leaf.verify(root.publicKey)).toBe(true)
    expect(leaf.checkHost('localhost')).toBe('localhost')
    expect(leaf.checkIP('127.0.0.1')).toBe('127.0.0.1')
    expect(leaf.checkPrivateKey(createPrivateKey(issued.key))).toBe(true)
    expect(leaf.publicKey.asymmetricKeyDetails?.namedCurve).toBe('prime256v1')
  })

  it('renews with the same key, so that the key fingerprint does not change', () => {
    const authority = createAuthority('Test')
    const first = authority.issue({ names: ['host.example.org'], client: true })
    const second = authority.issue({ names: ['host.example.org'], client: true, key: first.key })
    const spki = (pem: string) => new X509Certificate(pem).publicKey.export({ type: 'spki', format: 'pem' })
    expect(spki(second.certificate)).toBe(spki(first.certificate))
    expect(new X509Certificate(second.certificate).fingerprint256).not.toBe(
      new X509Certificate(first.certificate).fingerprint256,
    )
  })

  it('issues expired certificates', () => {
    const authority = createAuthority('Test')
    const { certificate } = authority.issue({ names: ['old.example.org'], days: -1 })
    const expired = new X509Certificate(certificate)
    expect(Date.parse(expired.validTo)).toBeLessThan(systemClock.now())
    expect(Date.parse(expired.validFrom)).toBeLessThan(Date.parse(expired.validTo))
  })

  it('limits client certificates to clients', () => {
    const authority = createAuthority('Test')
    const { certificate } = authority.issue({ names: ['machine.example.org'], client: true })
    expect(new X509Certificate(certificate).keyUsage).toEqual(['1.3.6.1.5.5.7.3.2'])
  })
})
