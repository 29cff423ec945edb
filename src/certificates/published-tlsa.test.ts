// What the DNS says about a next key.

import { createHash, X509Certificate } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { fakeResolver } from '../../test/lib/fake-resolver.ts'
import { createAuthority } from '../demo/ca.ts'
import { publicKeyInfo } from './key-kind.ts'
import { keyOfCertificate, nextKey } from './key-to-find.ts'
import { findKeyInDns, type NamedResolver } from './published-tlsa.ts'
import { tlsaDigest, tlsaLine, tlsaOwners } from './own-tlsa.ts'

const authority = createAuthority('TLSA')
const { certificate, key } = authority.issue({ names: ['mx.example.org'] })
const spki = publicKeyInfo(key)
const owners = tlsaOwners(['mx.example.org'], [25, 465])
const other = createHash('sha256').update('another key').digest()
const record = (start: string, data: Buffer) => `${start} ${data.toString('hex')}`
const hash = (name: string) => createHash(name).update(spki).digest()
const witnesses = (...resolvers: NamedResolver['resolver'][]) => ({
  resolvers: resolvers.map((resolver, index) => ({ label: `dns-${index + 1}`, resolver })),
  countsInsecure: true,
})
const ask = (zone: Parameters<typeof fakeResolver>[0]) =>
  findKeyInDns(owners, nextKey(key), witnesses(fakeResolver(zone)))

describe('a next key', () => {
  it('has a record for each name and port', () => {
    expect(owners).toEqual(['_25._tcp.mx.example.org', '_465._tcp.mx.example.org'])
    expect(tlsaLine(owners[0] as string, tlsaDigest(key))).toBe(
      `_25._tcp.mx.example.org. IN TLSA 3 1 1 ${hash('sha256').toString('hex')}`,
    )
  })

  it('may be used if no name has records', async () => {
    expect(await ask({})).toEqual({ kind: 'none', ttl: 60 })
  })

  it.each([
    ['3 1 1', 'shown', [record('3 1 1', other), record('3 1 1', hash('sha256'))]],
    ['3 1 2', 'shown', [record('3 1 2', hash('sha512'))]],
    ['3 1 0', 'shown', [record('3 1 0', spki)]],
    ['an authority', 'shown', [record('2 1 1', other)]],
    ['another key', 'missing', [record('3 1 1', other)]],
    ['a whole certificate', 'missing', [record('3 0 1', other)]],
    ['an unknown hash', 'missing', [record('3 1 9', hash('sha256'))]],
  ])('with %s: %s', async (_what, kind, records) => {
    expect(await ask({ '_25._tcp.mx.example.org TLSA': records })).toMatchObject({ kind })
  })

  it('needs a record at every name that has some', async () => {
    const shown = [record('3 1 1', hash('sha256'))]
    const answer = await ask({
      '_25._tcp.mx.example.org TLSA': shown,
      '_465._tcp.mx.example.org TLSA': [record('3 1 1', other)],
    })
    expect(answer).toEqual({ kind: 'missing', places: ['_465._tcp.mx.example.org'], ttl: 60 })
  })

  it('waits while a name cannot be asked: it may have records', async () => {
    expect(await ask({ '_465._tcp.mx.example.org TLSA': 'unavailable' })).toMatchObject({ kind: 'unavailable' })
  })
})

describe('a certificate', () => {
  const chain = `${certificate}\n${authority.certificate}`
  const digestOf = (pem: string, what: 'raw' | 'key') => {
    const parsed = new X509Certificate(pem)
    const octets = what === 'raw' ? parsed.raw : parsed.publicKey.export({ type: 'spki', format: 'der' })
    return createHash('sha256').update(octets).digest()
  }
  const only = (start: string, data: Buffer, name = 'mx.example.org') =>
    findKeyInDns([`_25._tcp.${name}`], keyOfCertificate(chain), {
      ...witnesses(fakeResolver({ [`_25._tcp.${name} TLSA`]: [record(start, data)] })),
    })

  it.each([
    ['3 0 1 of itself', 'shown', '3 0 1', digestOf(certificate, 'raw')],
    ['2 0 1 of its authority', 'shown', '2 0 1', digestOf(authority.certificate, 'raw')],
    ['2 1 1 of its authority', 'shown', '2 1 1', digestOf(authority.certificate, 'key')],
    ['2 1 1 of another authority', 'missing', '2 1 1', other],
    ['1 1 1 of itself, which SMTP does not use', 'missing', '1 1 1', digestOf(certificate, 'key')],
  ])('with %s: %s', async (_what, kind, start, data) => {
    expect(await only(start, data)).toMatchObject({ kind })
  })

  it('needs its name beside the record of an authority', async () => {
    expect(await only('2 1 1', digestOf(authority.certificate, 'key'), 'other.example.org')).toMatchObject({
      kind: 'missing',
    })
    expect(await only('3 1 1', digestOf(certificate, 'key'), 'other.example.org')).toMatchObject({ kind: 'shown' })
  })
})

describe('several resolvers', () => {
  const name = '_25._tcp.mx.example.org TLSA'
  const find = (...zones: Parameters<typeof fakeResolver>[0][]) =>
    findKeyInDns(['_25._tcp.mx.example.org'], nextKey(key), witnesses(...zones.map(fakeResolver)))
  const good = { [name]: [record('3 1 1', hash('sha256'))] }
  const old = { [name]: [record('3 1 1', other)] }
  const down = { [name]: 'unavailable' } as const

  it.each([
    ['both show it', 'shown', [good, good]],
    ['one has the old records', 'missing', [good, old]],
    ['one does not answer, the other shows it', 'unavailable', [good, down]],
    ['one does not answer, the other has no records: silence changes nothing', 'none', [{}, down]],
    ['none answers', 'unavailable', [down, down]],
    ['one has none yet', 'shown', [good, {}]],
  ])('%s: %s', async (_what, kind, zones) => {
    expect(await find(...zones)).toMatchObject({ kind })
  })

  it('the one that lacks the key is named', async () => {
    expect(await find(good, old)).toMatchObject({ places: ['_25._tcp.mx.example.org at dns-2'] })
  })
})

it('of a resolver that validates, records without DNSSEC do not count', async () => {
  const name = '_25._tcp.mx.example.org TLSA'
  const zone = { [name]: [record('3 1 1', other)] }
  const find = (authentic: readonly string[]) =>
    findKeyInDns(['_25._tcp.mx.example.org'], nextKey(key), {
      ...witnesses(fakeResolver({ ...zone, authentic } as Parameters<typeof fakeResolver>[0])),
      countsInsecure: false,
    })
  expect(await find([])).toMatchObject({ kind: 'none' })
  expect(await find([name])).toMatchObject({ kind: 'missing' })
})

it('of two digests only the stronger one counts, as for hosts that verify (RFC 7671 9)', async () => {
  const zone = {
    '_25._tcp.mx.example.org TLSA': [record('3 1 1', hash('sha256')), record('3 1 2', Buffer.alloc(64))],
  }
  expect(await ask(zone)).toMatchObject({ kind: 'missing' })
})
