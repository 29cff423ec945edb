// Next hop → targets: MX order, null MX, implicit MX, loops, fleet nodes, literals, and look-ups that fail.

import { describe, expect, it } from 'vitest'
import { fakeResolver, type Zone } from '../../../test/lib/fake-resolver.ts'
import { systemRandom } from '../../lib/random.ts'
import type { DestinationNames } from './destination-rules.ts'
import { createHostFinder } from './host-finder.ts'
import type { HostSettings } from './host-settings.ts'
import { tlsPolicies } from '../tls-policy/configured-policies.ts'

const settings: HostSettings = {
  peers: new Map([
    ['srs', [{ host: 'srs-1.example.org', port: 25 }]],
    ['mx', [{ host: '127.0.0.1', port: 2525, name: 'mx.example.org' }]],
    ['lost', [{ host: 'gone.example.org', port: 25 }]],
  ]),
  peerTls: tlsPolicies.verify,
  tls: tlsPolicies.may,
  mxPort: 25,
  ourNames: new Set(['us.example.org']),
  ourAddresses: new Set(['192.0.2.99']),
  addressLimit: 5,
}

function find(zone: Zone, nextHop: string, changes: Partial<HostSettings> = {}) {
  const finder = createHostFinder({ ...settings, ...changes }, { resolver: fakeResolver(zone), random: systemRandom })
  return finder.find(nextHop)
}

async function places(zone: Zone, nextHop: string, changes: Partial<HostSettings> = {}) {
  const hosts = await find(zone, nextHop, changes)
  if (hosts.kind === 'none') return [hosts.status]
  return hosts.targets.map(({ host, endpoint }) =>
    endpoint.kind === 'tcp' ? `${host} ${endpoint.address} ${endpoint.port}` : endpoint.path,
  )
}

describe('MX', () => {
  it('is sorted by preference', async () => {
    const zone = {
      'a.example MX': ['20 mx2.a.example', '10 mx1.a.example'],
      'mx1.a.example A': ['192.0.2.1'],
      'mx2.a.example A': ['192.0.2.2'],
    }
    expect(await places(zone, 'mx:a.example')).toEqual(['mx1.a.example 192.0.2.1 25', 'mx2.a.example 192.0.2.2 25'])
  })

  it('is shuffled among equal preferences', async () => {
    const zone: Zone = { 'a.example MX': ['10 mx1.a.example', '10 mx2.a.example', '10 mx3.a.example'] }
    for (const i of [1, 2, 3]) zone[`mx${i}.a.example A`] = [`192.0.2.${i}`]
    const firsts = new Set<string | undefined>()
    for (let i = 0; i < 100; i++) firsts.add((await places(zone, 'mx:a.example'))[0])
    expect(firsts.size).toBe(3)
  })

  it('alternates both families up to the address limit', async () => {
    const zone = {
      'a.example MX': ['10 mx.a.example'],
      'mx.a.example A': ['192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.4'],
      'mx.a.example AAAA': ['2001:db8::1', '2001:db8::2', '2001:db8::3', '2001:db8::4'],
    }
    const found = await places(zone, 'mx:a.example')
    expect(found).toHaveLength(5)
    expect(found.filter((place) => place.includes('2001')).length).toBeGreaterThanOrEqual(2)
    expect(found.filter((place) => place.includes('192.0.2')).length).toBeGreaterThanOrEqual(2)
  })

  it('begins with the preferred family, of the rule or of all hosts, and tries the other one in turn', async () => {
    const zone = {
      'a.example MX': ['10 mx.a.example'],
      'mx.a.example A': ['192.0.2.1', '192.0.2.2'],
      'mx.a.example AAAA': ['2001:db8::1', '2001:db8::2'],
    }
    const families = async (nextHop: string, changes: Partial<HostSettings>) =>
      (await places(zone, nextHop, changes)).map((place) => (place.includes('2001') ? 6 : 4))
    const rule = { tls: null, profile: null, prefer: 'ipv6' } as const
    for (let i = 0; i < 10; i++) {
      expect(await families('mx:a.example', { prefer: 'ipv4' })).toEqual([4, 6, 4, 6])
      expect(await families('smtp:[mx.a.example]:25', { prefer: 'ipv6' })).toEqual([6, 4, 6, 4])
      expect(await families('mx:a.example', { prefer: 'ipv4', ruleFor: () => rule })).toEqual([6, 4, 6, 4])
    }
  })

  it('lists a host with two records once, at its best preference', async () => {
    const zone = {
      'a.example MX': ['30 mx1.a.example', '20 mx2.a.example', '10 mx1.a.example'],
      'mx1.a.example A': ['192.0.2.1'],
      'mx2.a.example A': ['192.0.2.2'],
    }
    expect(await places(zone, 'mx:a.example')).toEqual(['mx1.a.example 192.0.2.1 25', 'mx2.a.example 192.0.2.2 25'])
  })

  it('excludes hosts of the preference of this node', async () => {
    const zone = {
      'a.example MX': ['10 us.example.org', '10 mx1.a.example'],
      'mx1.a.example A': ['192.0.2.1'],
    }
    expect(await find(zone, 'mx:a.example')).toMatchObject({ permanent: true, status: '5.4.6' })
  })

  it('looks up the addresses of the best hosts only', async () => {
    const zone: Zone = { 'a.example MX': Array.from({ length: 2000 }, (_, i) => `${i} mx${i}.a.example`) }
    const inner = fakeResolver(zone)
    const asked = new Set<string>()
    const resolver: typeof inner = {
      resolve: (name, type) => {
        asked.add(name)
        return inner.resolve(name, type)
      },
    }
    const hosts = await createHostFinder(settings, { resolver, random: systemRandom }).find('mx:a.example')
    expect(hosts).toMatchObject({ kind: 'none' })
    expect(asked.size).toBeLessThan(30)
  })

  it('is the domain if there are no MX records', async () => {
    expect(await places({ 'a.example A': ['192.0.2.1'] }, 'mx:a.example')).toEqual(['a.example 192.0.2.1 25'])
  })

  it('fails for a null MX (RFC 7505)', async () => {
    const zone = { 'a.example MX': ['0 '], 'a.example A': ['192.0.2.1'] }
    expect(await find(zone, 'mx:a.example')).toMatchObject({ kind: 'none', permanent: true, status: '5.1.10' })
  })

  it('fails for a domain that does not exist and for one without an address', async () => {
    expect(await find({}, 'mx:a.example')).toMatchObject({ permanent: true, status: '5.1.2' })
    expect(await find({ 'a.example TXT': ['x'] }, 'mx:a.example')).toMatchObject({ permanent: true, status: '5.4.4' })
    const dangling = { 'a.example MX': ['10 mx.a.example'] }
    expect(await find(dangling, 'mx:a.example')).toMatchObject({ permanent: true, status: '5.4.4' })
  })

  it('defers if a look-up fails, at any step', async () => {
    const deferred = { kind: 'none', permanent: false, status: '4.4.3' }
    expect(await find({ 'a.example MX': 'unavailable' }, 'mx:a.example')).toMatchObject(deferred)
    const broken: Zone = {
      'a.example MX': ['10 mx.a.example'],
      'mx.a.example A': 'unavailable',
      'mx.a.example TXT': ['x'],
    }
    expect(await find(broken, 'mx:a.example')).toMatchObject(deferred)
    const oneDangling: Zone = { ...broken, 'a.example MX': ['5 no.a.example', '10 mx.a.example'] }
    expect(await find(oneDangling, 'mx:a.example')).toMatchObject(deferred)
    const implicit: Zone = { 'a.example TXT': ['x'], 'a.example AAAA': 'unavailable' }
    expect(await find(implicit, 'mx:a.example')).toMatchObject(deferred)
  })

  it('uses one family if the look-up of the other fails', async () => {
    const zone: Zone = { 'a.example A': ['192.0.2.1'], 'a.example AAAA': 'unavailable' }
    expect(await places(zone, 'mx:a.example')).toEqual(['a.example 192.0.2.1 25'])
  })

  it('knows which of the MX and address records are authentic', async () => {
    const zone: Zone = {
      'a.example MX': ['10 mx.a.example'],
      'mx.a.example A': ['192.0.2.1'],
      authentic: ['a.example MX', 'mx.a.example A'],
    }
    expect(await find(zone, 'mx:a.example')).toMatchObject({
      targets: [{ path: { mxAuthentic: true, addressAuthentic: true } }],
    })
    expect(await find({ ...zone, authentic: ['a.example MX'] }, 'mx:a.example')).toMatchObject({
      targets: [{ path: { mxAuthentic: true, addressAuthentic: false } }],
    })
    expect(await find({ ...zone, authentic: ['mx.a.example A'] }, 'mx:a.example')).toMatchObject({
      targets: [{ path: { mxAuthentic: false, addressAuthentic: true } }],
    })
  })

  it('uses the port of the settings or of the next hop', async () => {
    const zone = { 'a.example A': ['192.0.2.1'] }
    expect(await places(zone, 'mx:a.example', { mxPort: 2525 })).toEqual(['a.example 192.0.2.1 2525'])
    expect(await places(zone, 'smtp:a.example:587', { mxPort: 2525 })).toEqual(['a.example 192.0.2.1 587'])
  })

  it('uses an address literal without a look-up', async () => {
    expect(await places({}, 'mx:[192.0.2.7]')).toEqual(['192.0.2.7 192.0.2.7 25'])
    expect(await places({}, 'mx:[IPv6:2001:db8::7]')).toEqual(['2001:db8::7 2001:db8::7 25'])
  })
})

describe('loops', () => {
  const zone = {
    'a.example MX': ['10 mx1.a.example', '20 us.example.org', '30 mx3.a.example'],
    'mx1.a.example A': ['192.0.2.1'],
    'mx3.a.example A': ['192.0.2.3'],
    'us.example.org A': ['192.0.2.99'],
  }
  it('are avoided by hosts of better preference than this node', async () => {
    expect(await places(zone, 'mx:a.example')).toEqual(['mx1.a.example 192.0.2.1 25'])
  })

  it('fail if this node has the best preference, by name or by address', async () => {
    const first = { ...zone, 'a.example MX': ['10 us.example.org', '20 mx1.a.example'] }
    expect(await find(first, 'mx:a.example')).toMatchObject({ permanent: true, status: '5.4.6' })
    const disguised = { 'a.example MX': ['10 alias.example'], 'alias.example A': ['192.0.2.99'] }
    expect(await find(disguised, 'mx:a.example')).toMatchObject({ permanent: true, status: '5.4.6' })
  })

  it('defer for a better host whose look-up fails, but not for an equal one', async () => {
    const zone: Zone = {
      'a.example MX': ['10 mx1.a.example', '20 backup.a.example'],
      'mx1.a.example A': 'unavailable',
      'mx1.a.example AAAA': 'unavailable',
      'backup.a.example A': ['192.0.2.99'],
    }
    expect(await find(zone, 'mx:a.example')).toMatchObject({ permanent: false, status: '4.4.3' })
    const equal = { ...zone, 'a.example MX': ['10 mx1.a.example', '10 backup.a.example'] }
    for (let i = 0; i < 20; i++) expect(await places(equal, 'mx:a.example')).toEqual(['5.4.6'])
  })

  it('do not depend on the order of equal hosts', async () => {
    const equal = {
      'a.example MX': ['10 alias.example', '10 mx1.a.example'],
      'alias.example A': ['192.0.2.99'],
      'mx1.a.example A': ['192.0.2.1'],
    }
    for (let i = 0; i < 20; i++)
      expect(await find(equal, 'mx:a.example')).toMatchObject({ permanent: true, status: '5.4.6' })
  })
})

describe('addresses that cannot be a mail host', () => {
  const unusable = ['127.0.0.1', '127.8.9.10', '0.0.0.0', '169.254.1.1', '224.0.0.1', '255.255.255.255']
  const unusable6 = ['::1', '::', 'fe80::1', 'ff02::1', '::ffff:127.0.0.1']

  it('are not used from the DNS of others: loopback, link-local, multicast', async () => {
    const refused = { kind: 'none', permanent: true, status: '5.4.4' }
    for (const address of unusable)
      expect(await find({ 'a.example A': [address] }, 'mx:a.example')).toMatchObject(refused)
    for (const address of unusable6)
      expect(await find({ 'a.example AAAA': [address] }, 'mx:a.example')).toMatchObject(refused)
    expect(await find({}, 'mx:[127.0.0.1]')).toMatchObject(refused)
  })

  it('do not exclude the other hosts', async () => {
    const zone = {
      'a.example MX': ['10 trap.example', '20 mx.a.example'],
      'trap.example A': ['127.0.0.1'],
      'mx.a.example A': ['192.0.2.1', '10.1.2.3'],
    }
    expect((await places(zone, 'mx:a.example')).toSorted()).toEqual([
      'mx.a.example 10.1.2.3 25',
      'mx.a.example 192.0.2.1 25',
    ])
    const waiting: Zone = { ...zone, 'mx.a.example A': 'unavailable' }
    expect(await find(waiting, 'mx:a.example')).toMatchObject({ permanent: false, status: '4.4.3' })
  })

  it('are used if the operator names them, and on other ports', async () => {
    expect(await places({ 'a.example A': ['127.0.0.1'] }, 'smtp:[a.example]')).toEqual(['a.example 127.0.0.1 25'])
    expect(await places({ 'a.example A': ['127.0.0.1'] }, 'smtp:a.example:2525')).toEqual(['a.example 127.0.0.1 2525'])
    expect(await places({ 'a.example A': ['127.0.0.1'] }, 'mx:a.example', { mxPort: 2525 })).toHaveLength(1)
  })
})

describe('configured next hops', () => {
  it('find the nodes of a role, verified', async () => {
    const hosts = await find({ 'srs-1.example.org A': ['192.0.2.5'] }, 'peers:srs')
    expect(hosts).toMatchObject({
      targets: [{ host: 'srs-1.example.org', tls: { name: 'verify' }, endpoint: { address: '192.0.2.5', port: 25 } }],
    })
    expect(await places({}, 'peers:mx')).toEqual(['mx.example.org 127.0.0.1 2525'])
  })

  it('never fail mail because of an error in the configuration', async () => {
    for (const hop of ['peers:unknown', 'peers:lost', 'smtp:[gone.example.org]:25', 'protocol-error']) {
      expect(await find({}, hop)).toMatchObject({ kind: 'none', permanent: false })
    }
  })

  it('of one host need no MX look-up', async () => {
    const zone = { 'relay.example A': ['192.0.2.8'], 'relay.example MX': ['10 other.example'] }
    expect(await places(zone, 'smtp:[relay.example]:587')).toEqual(['relay.example 192.0.2.8 587'])
    expect(await places(zone, 'lmtp:[127.0.0.1]:24')).toEqual(['127.0.0.1 127.0.0.1 24'])
    expect(await places(zone, 'lmtp:unix:/run/lists.sock')).toEqual(['/run/lists.sock'])
  })

  it('can have another TLS policy by domain or host', async () => {
    const ruleFor = ({ domain }: DestinationNames) =>
      domain === 'a.example' ? { tls: tlsPolicies.encrypt, profile: null } : null
    const zone = { 'a.example A': ['192.0.2.1'], 'b.example A': ['192.0.2.2'] }
    expect(await find(zone, 'mx:a.example', { ruleFor })).toMatchObject({ targets: [{ tls: { name: 'encrypt' } }] })
    expect(await find(zone, 'mx:b.example', { ruleFor })).toMatchObject({ targets: [{ tls: { name: 'may' } }] })
  })
})

describe('addresses without a usable source address', () => {
  const zone = {
    'a.example MX': ['10 mx1.a.example', '20 mx2.a.example'],
    'mx1.a.example A': ['192.0.2.1'],
    'mx1.a.example AAAA': ['2001:db8::1', '2001:db8::2', '2001:db8::3', '2001:db8::4', '2001:db8::5'],
    'mx2.a.example A': ['192.0.2.2'],
    'six.example AAAA': ['2001:db8::6'],
  }
  const withPort = (
    mayReach: (address: string, source: string | null) => boolean,
    changes: Partial<HostSettings> = {},
  ) => createHostFinder({ ...settings, ...changes }, { resolver: fakeResolver(zone), random: systemRandom, mayReach })
  const noSix = (address: string) => !address.includes(':')

  it('are excluded and do not count for the address limit', async () => {
    const hosts = await withPort(noSix).find('mx:a.example')
    if (hosts.kind === 'none') throw new Error(hosts.reply)
    expect(hosts.targets.map(({ endpoint }) => endpoint.kind === 'tcp' && endpoint.address)).toEqual([
      '192.0.2.1',
      '192.0.2.2',
    ])
  })

  it('defer mail for hosts without other addresses', async () => {
    for (const nextHop of ['mx:six.example', 'smtp:[six.example]:25', 'smtp:[2001:db8::6]:25'])
      expect(await withPort(noSix).find(nextHop)).toMatchObject({ kind: 'none', permanent: false, status: '4.4.1' })
  })

  it('are checked with the source address of the destination', async () => {
    const asked: (string | null)[] = []
    const source = { ipv4: null, ipv6: '2001:db8:1::25' }
    const profile = { name: 'six', credentials: null, tls: null, discardEhlo: new Set<string>(), source, helo: null }
    const mayReach = (_: string, from: string | null) => asked.push(from) > 0
    await withPort(mayReach, { ruleFor: () => ({ tls: null, profile }) }).find('smtp:[six.example]:25')
    expect(new Set(asked)).toEqual(new Set(['2001:db8:1::25']))
  })

  it('do not apply to fleet nodes', async () => {
    const peers = new Map([['six', [{ host: '2001:db8::7', port: 25 }]]])
    expect(await withPort(noSix, { peers }).find('peers:six')).toMatchObject({ kind: 'targets' })
  })
})
