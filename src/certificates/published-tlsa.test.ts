// What the DNS says about a next key.

import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { fakeResolver } from '../../test/lib/fake-resolver.ts'
import { createAuthority } from '../demo/ca.ts'
import { publicKeyInfo } from './key-kind.ts'
import { findKeyInDns } from './published-tlsa.ts'
import { tlsaDigest, tlsaLine, tlsaOwners } from './own-tlsa.ts'

const { key } = createAuthority('TLSA').issue({ names: ['mx.example.org'] })
const spki = publicKeyInfo(key)
const owners = tlsaOwners(['mx.example.org'], [25, 465])
const other = createHash('sha256').update('another key').digest()
const record = (start: string, data: Buffer) => `${start} ${data.toString('hex')}`
const hash = (name: string) => createHash(name).update(spki).digest()
const ask = (zone: Parameters<typeof fakeResolver>[0]) => findKeyInDns(owners, spki, fakeResolver(zone))

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
    expect(answer).toEqual({ kind: 'missing', owners: ['_465._tcp.mx.example.org'] })
  })

  it('waits while a name cannot be asked: it may have records', async () => {
    expect(await ask({ '_465._tcp.mx.example.org TLSA': 'unavailable' })).toMatchObject({ kind: 'unavailable' })
  })
})
