import { afterEach, describe, expect, test } from 'vitest'
import { type Authority, startAuthority, type Zone } from '../demo/authority.ts'
import { lookupAddresses } from './host-addresses.ts'
import { lookupMx } from './mx.ts'
import type { Resolver } from './resolver.ts'
import { createStubResolver } from './stub.ts'

let dns: Authority | null = null
afterEach(async () => {
  await dns?.close()
  dns = null
})

async function over(zone: Zone): Promise<Resolver> {
  dns = await startAuthority(zone)
  return createStubResolver({ servers: [dns], timeoutMs: 1_000, tries: 1, trustAuthentic: false })
}

describe('MX look-up (RFC 5321 5.1)', () => {
  test('groups hosts by ascending preference, each host once', async () => {
    const resolver = await over({
      'a.example': { MX: ['20 c.example', '10 a.mx.example', '10 b.mx.example', '30 a.mx.example'], authentic: true },
    })
    expect(await lookupMx(resolver, 'a.example')).toEqual({
      kind: 'hosts',
      groups: [
        { preference: 10, hosts: ['a.mx.example', 'b.mx.example'] },
        { preference: 20, hosts: ['c.example'] },
      ],
      authentic: true,
      name: 'a.example',
    })
  })

  test('a CNAME is followed and its target returned', async () => {
    const resolver = await over({ 'a.example': { CNAME: 'b.example' }, 'b.example': { MX: '1 mx.example' } })
    expect(await lookupMx(resolver, 'a.example')).toMatchObject({ kind: 'hosts', name: 'b.example' })
  })

  test('a single root exchange is the null MX (RFC 7505)', async () => {
    const resolver = await over({ 'a.example': { MX: '0 .' } })
    expect(await lookupMx(resolver, 'a.example')).toMatchObject({ kind: 'null-mx' })
  })

  test('a root exchange beside a real one does not count', async () => {
    const resolver = await over({ 'a.example': { MX: ['0 .', '10 mx.example'] } })
    expect(await lookupMx(resolver, 'a.example')).toMatchObject({
      kind: 'hosts',
      groups: [{ preference: 10, hosts: ['mx.example'] }],
    })
  })

  test('without MX the domain itself is the host, if it has an address', async () => {
    const resolver = await over({ 'a.example': { AAAA: '2001:db8::1', authentic: true }, 'b.example': { TXT: 'x' } })
    expect(await lookupMx(resolver, 'A.example')).toEqual({ kind: 'implicit', host: 'a.example', authentic: true })
    expect(await lookupMx(resolver, 'b.example')).toEqual({ kind: 'absent', nxdomain: false })
    expect(await lookupMx(resolver, 'c.example')).toEqual({ kind: 'absent', nxdomain: true })
  })

  test('a failing MX look-up never falls back to the address', async () => {
    const resolver = await over({ 'a.example': { A: '192.0.2.1', fail: 'SERVFAIL' } })
    expect(await lookupMx(resolver, 'a.example')).toMatchObject({ kind: 'unavailable' })
  })

  test('a failing address look-up is not absence', async () => {
    const resolver: Resolver = {
      resolve: async (_name, type) =>
        type === 'MX'
          ? { kind: 'absent', nxdomain: false, ttl: 1, authentic: true }
          : { kind: 'unavailable', cause: 'time-out' },
    }
    expect(await lookupMx(resolver, 'a.example')).toMatchObject({ kind: 'unavailable' })
  })
})

describe('addresses', () => {
  test('both families, IPv6 first', async () => {
    const resolver = await over({ 'a.example': { A: '192.0.2.1', AAAA: '2001:DB8::1' } })
    expect(await lookupAddresses(resolver, 'a.example')).toEqual({
      kind: 'found',
      addresses: [
        { address: '2001:db8::1', family: 6, authentic: false },
        { address: '192.0.2.1', family: 4, authentic: false },
      ],
      authentic: false,
      name: 'a.example',
      missing: null,
    })
  })

  test('one family failing does not hide the other, but is reported', async () => {
    const resolver = await over({ 'a.example': { A: '192.0.2.1', fail: 'SERVFAIL', authentic: true } })
    const answer = await lookupAddresses(resolver, 'a.example')
    expect(answer).toMatchObject({ kind: 'found', authentic: false, missing: expect.stringContaining('SERVFAIL') })
  })

  test('each address keeps the authentic bit of its answer', async () => {
    const resolver: Resolver = {
      resolve: async (name, type) =>
        ({
          kind: 'found',
          records: [type === 'A' ? '192.0.2.1' : '2001:db8::1'],
          ttl: 1,
          authentic: type === 'A',
          name,
        }) as never,
    }
    expect(await lookupAddresses(resolver, 'a.example')).toMatchObject({
      authentic: false,
      addresses: [
        { family: 6, authentic: false },
        { family: 4, authentic: true },
      ],
    })
  })

  test('one family failing and the other absent is unavailable', async () => {
    const resolver: Resolver = {
      resolve: async (_name, type) =>
        type === 'A'
          ? { kind: 'unavailable', cause: 'time-out' }
          : { kind: 'absent', nxdomain: false, ttl: 1, authentic: true },
    }
    expect(await lookupAddresses(resolver, 'a.example')).toMatchObject({ kind: 'unavailable' })
  })
})
