import { afterEach, expect, test } from 'vitest'
import type dnsPacket from 'dns-packet'
import { fakeResolver } from '../../test/lib/fake-resolver.ts'
import type { Exchange } from '../dns/exchange.ts'
import type { Exchanged } from '../dns/query-packet.ts'
import { createServerFinder, findZone } from './find-servers.ts'
import { createObserver, givingUp } from './observer.ts'

const server = { host: '192.0.2.53', port: 53 }
let asked: string[] = []
afterEach(() => void (asked = []))

/** A network that answers by `name TYPE`: records, an error code, or null for a time-out. */
function network(
  answers: Readonly<Record<string, (Partial<dnsPacket.DecodedPacket> & { rcode?: string }) | null>>,
): Exchange {
  return async (to, { name, type }, { edns }): Promise<Exchanged> => {
    asked.push(`${to.host} ${name} ${type}${edns ? '' : ' plain'}`)
    const answer = answers[`${name} ${type}`]
    if (answer === null) return { kind: 'failed', cause: 'time-out' }
    const { rcode = 'NOERROR', ...packet } = answer ?? { rcode: 'NXDOMAIN' }
    return {
      kind: 'answered',
      rcode,
      packet: {
        flag_aa: true,
        flag_ad: false,
        flag_ra: true,
        answers: [],
        ...packet,
      } as unknown as dnsPacket.DecodedPacket,
    }
  }
}

const soa = (name: string): dnsPacket.Answer => ({ type: 'SOA', name, ttl: 5, data: { mname: 'a', rname: 'b' } })

test('the zone of a name is the owner of the SOA record, which a negative answer has too', async () => {
  const exchange = network({
    '_dmarc.example.org SOA': { rcode: 'NXDOMAIN', authorities: [soa('example.org')] },
    'alias.example.org SOA': { answers: [soa('elsewhere.example')] },
    'example.org SOA': { answers: [soa('Example.ORG')] },
    'down.example SOA': null,
    'refused.example SOA': { rcode: 'SERVFAIL' },
  })
  const zone = (name: string) => findZone(name, { recursive: [server], exchange })
  expect(await zone('_dmarc.example.org')).toBe('example.org')
  expect(await zone('alias.example.org')).toBe('example.org')
  expect(await zone('down.example')).toBeNull()
  expect(await zone('refused.example')).toBeNull()
})

test('a second resolver is asked if the first one fails; names and zones are asked once', async () => {
  const inner = network({ 'a.example.org SOA': { authorities: [soa('example.org')] } })
  const exchange: Exchange = async (to, ...rest) =>
    to.host === '192.0.2.1' ? { kind: 'failed', cause: 'time-out' } : inner(to, ...rest)
  const resolver = fakeResolver({
    'example.org NS': ['ns1.example.net', 'ns2.example.net'],
    'ns1.example.net A': ['192.0.2.11'],
  })
  const find = createServerFinder({ resolver, exchange, recursive: [{ host: '192.0.2.1', port: 53 }, server] })
  const [found] = await Promise.all([find('a.example.org'), find('a.example.org')])
  expect(found).toMatchObject({ kind: 'found', zone: 'example.org' })
  expect(found.kind === 'found' ? found.observers.map(({ label }) => label) : []).toEqual([
    'ns1.example.net (192.0.2.11)',
  ])
  expect(asked).toHaveLength(1)
})

test('a zone without servers is unavailable', async () => {
  const exchange = network({ 'example.org SOA': { answers: [soa('example.org')] } })
  const find = (zone: Parameters<typeof fakeResolver>[0]) =>
    createServerFinder({ resolver: fakeResolver(zone), exchange, recursive: [server] })('example.org')
  expect(await find({})).toEqual({ kind: 'unavailable', cause: 'example.org has no NS records' })
  expect(await find({ 'example.org NS': 'unavailable' })).toEqual({ kind: 'unavailable', cause: 'SERVFAIL' })
  expect(await find({ 'example.org NS': ['ns.example.net'] })).toEqual({
    kind: 'unavailable',
    cause: 'no server of example.org has an address',
  })
})

test('an observer: records, an alias, nothing, errors', async () => {
  const observer = createObserver({
    server,
    exchange: network({
      'example.org MX': {
        answers: [{ type: 'MX', name: 'example.org', ttl: 60, data: { preference: 10, exchange: 'MX.example.org' } }],
      },
      'www.example.org A': { answers: [{ type: 'CNAME', name: 'www.example.org', ttl: 9, data: 'other.example' }] },
      'empty.example.org A': {},
      'refused.example.org A': { rcode: 'REFUSED' },
      'lame.example.org A': {
        flag_aa: false,
        flag_ra: false,
        authorities: [{ type: 'NS', name: 'org', ttl: 5, data: 'a.example' }],
      },
      'old.example.org A': { rcode: 'FORMERR' },
    }),
  })
  expect(observer.label).toBe('192.0.2.53')
  expect(await observer.observe('example.org', 'MX')).toEqual({
    kind: 'found',
    data: ['10 mx.example.org.'],
    ttl: 60,
    authentic: false,
  })
  expect(await observer.observe('www.example.org', 'A')).toMatchObject({ data: ['CNAME other.example.'] })
  expect(await observer.observe('empty.example.org', 'A')).toEqual({ kind: 'absent' })
  expect(await observer.observe('none.example.org', 'A')).toEqual({ kind: 'absent' })
  expect(await observer.observe('refused.example.org', 'A')).toEqual({ kind: 'unavailable', cause: 'REFUSED' })
  expect(await observer.observe('lame.example.org', 'A')).toEqual({
    kind: 'unavailable',
    cause: 'it does not serve the zone',
  })
  await observer.observe('old.example.org', 'A')
  expect(asked.at(-1)).toBe('192.0.2.53 old.example.org A plain')
})

test('a server that does not answer is given up, others are not', async () => {
  const exchange = givingUp(async (to, { name }) => {
    asked.push(to.host)
    return to.host === server.host
      ? { kind: 'failed', cause: 'time-out' }
      : network({})(to, { name, type: 'A' }, { timeoutMs: 1, edns: true })
  })
  const dead = createObserver({ server, name: 'ns1.example.net', exchange })
  const alive = createObserver({ server: { host: '192.0.2.54', port: 53 }, exchange })
  for (let count = 0; count < 10; count++) {
    expect(await dead.observe('example.org', 'MX')).toMatchObject({ kind: 'unavailable' })
    expect(await alive.observe('example.org', 'A')).toEqual({ kind: 'absent' })
  }
  expect(asked.filter((host) => host === server.host)).toHaveLength(6)
})
