import { describe, expect, test } from 'vitest'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import { fakeResolver, type Zone } from '../../test/lib/fake-resolver.ts'
import { startAuthority } from '../demo/authority.ts'
import { systemClock } from '../lib/clock.ts'
import { confirmedName, MAX_NAMES, NAME_LIMIT_MS } from './fcrdns.ts'
import type { Resolver } from './resolver.ts'
import { createStubResolver } from './stub.ts'

const ptr = '1.2.0.192.in-addr.arpa PTR'

function nameOf(zone: Zone, ip = '192.0.2.1') {
  return confirmedName(ip, { resolver: fakeResolver(zone), clock: createFakeClock() })
}

describe('a name is confirmed', () => {
  test('if it leads back to the address', async () => {
    const zone = { [ptr]: ['mail.a.example'], 'mail.a.example A': ['192.0.2.9', '192.0.2.1'] }
    expect(await nameOf(zone)).toEqual({ kind: 'name', name: 'mail.a.example' })
    expect(await nameOf(zone, '::ffff:192.0.2.1')).toEqual({ kind: 'name', name: 'mail.a.example' })
  })

  test('by IPv6, however the address is spelt', async () => {
    const key = '1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa PTR'
    const zone = { [key]: ['mail.a.example'], 'mail.a.example AAAA': ['2001:DB8:0:0::1'] }
    expect(await nameOf(zone, '2001:db8::1')).toEqual({ kind: 'name', name: 'mail.a.example' })
  })

  test('by the first of several names that does', async () => {
    const zone = {
      [ptr]: ['forged.bank.example', 'mail.a.example', 'www.a.example'],
      'forged.bank.example A': ['198.51.100.1'],
      'mail.a.example A': ['192.0.2.1'],
      'www.a.example A': ['192.0.2.1'],
    }
    expect(await nameOf(zone)).toEqual({ kind: 'name', name: 'mail.a.example' })
  })

  test('even while another name, or the other family, cannot be looked up', async () => {
    const zone: Zone = {
      [ptr]: ['broken.a.example', 'mail.a.example'],
      'broken.a.example A': 'unavailable',
      'mail.a.example A': ['192.0.2.1'],
      'mail.a.example AAAA': 'unavailable',
    }
    expect(await nameOf(zone)).toEqual({ kind: 'name', name: 'mail.a.example' })
  })
})

describe('there is none', () => {
  test.each<[string, Zone]>([
    ['without PTR', {}],
    ['if the name does not exist', { [ptr]: ['gone.a.example'] }],
    ['if the name has another address', { [ptr]: ['bank.example'], 'bank.example A': ['198.51.100.1'] }],
    ['if what stands there is no host name', { [ptr]: ['a b.example'], 'a b.example A': ['192.0.2.1'] }],
    ['if it would write into our header', { [ptr]: ['x) by us.example'], 'x) by us.example A': ['192.0.2.1'] }],
  ])('%s', async (_, zone) => {
    expect(await nameOf(zone)).toEqual({ kind: 'none' })
  })

  test('for what is no address', async () => {
    expect(await nameOf({}, '')).toEqual({ kind: 'none' })
  })

  test('beyond the names that are tried', async () => {
    const names = Array.from({ length: MAX_NAMES + 1 }, (_, i) => `n${i}.a.example`)
    const zone: Zone = { [ptr]: names, [`n${MAX_NAMES}.a.example A`]: ['192.0.2.1'] }
    expect(await nameOf(zone)).toEqual({ kind: 'none' })
  })
})

describe('it is unknown', () => {
  test('if the PTR or the forward look-up fails', async () => {
    expect(await nameOf({ [ptr]: 'unavailable' })).toMatchObject({ kind: 'unavailable' })
    const forward: Zone = { [ptr]: ['mail.a.example'], 'mail.a.example A': 'unavailable' }
    expect(await nameOf(forward)).toMatchObject({ kind: 'unavailable' })
  })

  test('if one family fails and the other has another address', async () => {
    const zone: Zone = {
      [ptr]: ['mail.a.example'],
      'mail.a.example AAAA': ['2001:db8::7'],
      'mail.a.example A': 'unavailable',
    }
    expect(await nameOf(zone)).toMatchObject({ kind: 'unavailable' })
  })

  test('once the time is over, to the millisecond', async () => {
    const clock = createFakeClock()
    const silent: Resolver = { resolve: () => new Promise(() => {}) }
    let answer: unknown = null
    void confirmedName('192.0.2.1', { resolver: silent, clock }).then((found) => (answer = found))
    await clock.advance(NAME_LIMIT_MS - 1)
    expect(answer).toBeNull()
    await clock.advance(1)
    expect(answer).toMatchObject({ kind: 'unavailable', cause: expect.stringContaining('2000 ms') })
  })
})

test('nothing is left sleeping after an answer in time', async () => {
  const clock = createFakeClock()
  await confirmedName('192.0.2.1', { resolver: fakeResolver({}), clock })
  expect(clock.sleeping).toBe(0)
})

test('over a real DNS server', async () => {
  const dns = await startAuthority({
    '1.2.0.192.in-addr.arpa': { PTR: 'Mail.A.Example' },
    'mail.a.example': { A: '192.0.2.1' },
  })
  const resolver = createStubResolver({ servers: [dns], timeoutMs: 1_000, tries: 1, trustAuthentic: false })
  expect(await confirmedName('192.0.2.1', { resolver, clock: systemClock })).toEqual({
    kind: 'name',
    name: 'mail.a.example',
  })
  await dns.close()
})
