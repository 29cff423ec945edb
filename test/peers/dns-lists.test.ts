// DNS lists behind real servers: zones in nsd, asked through unbound.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createStubResolver, stubDefaults } from '../../src/dns/stub.ts'
import { type AskedLists, createDnsLists } from '../../src/filter/ask-lists.ts'
import type { Subject } from '../../src/filter/dns-lists.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { type DnsServers, startDnsServers } from '../lib/peers/dns-servers.ts'
import { ensurePeers } from '../lib/peers/ensure.ts'
import { IP6_TEST_POINT, sampleAllowList, sampleList } from '../lib/sample-dns-list.ts'

const KEY = 'abcdefgh1234'
const points = `2.0.0.127 A 127.0.0.2\n${IP6_TEST_POINT} A 127.0.0.2\ntest A 127.0.0.2`

describe.runIf(ensurePeers(['nsd', 'unbound']))('lists in nsd behind unbound', () => {
  let servers: DnsServers
  let lists: AskedLists

  beforeAll(async () => {
    servers = await startDnsServers({
      'bl.example': `${points}\n7.2.0.192 A 127.0.0.2\n7.2.0.192 A 127.0.0.4\n7.2.0.192 TXT "listed"\n9.2.0.192 A 127.255.255.254\n1${'.0'.repeat(23)}.8.b.d.0.1.0.0.2 A 127.0.0.2\n11.2.0.192 CNAME 7.2.0.192\n*.2.113.0 A 127.0.0.4`,
      'wl.example': `${points}\n7.2.0.192 A 127.0.2.2`,
      [`${KEY}.keyed.example`]: `${points}\nevil.example A 127.0.0.2\n*.evil.example A 127.0.0.2`,
      'parked.example': '* A 192.0.2.80',
      'empty.example': '',
      'everything.example': '* A 127.0.0.2',
    })
    const stub = { ...stubDefaults, timeoutMs: 2000, servers: [{ host: '127.0.0.1', port: servers.port }] }
    lists = createDnsLists(
      [
        sampleList({ kinds: ['ip4', 'ip6'] }),
        sampleAllowList(),
        sampleList({ name: 'keyed', zone: `${KEY}.keyed.example`, key: KEY, kinds: ['domain'] }),
        sampleList({ name: 'parked', zone: 'parked.example' }),
        sampleList({ name: 'empty', zone: 'empty.example' }),
        sampleList({ name: 'everything', zone: 'everything.example' }),
      ],
      2000,
      { resolver: createStubResolver(stub), clock: systemClock },
    )
    await lists.test()
  })
  afterAll(async () => {
    lists.close()
    await servers.close()
  })

  const ask = async (subject: Subject) => {
    const found = await lists.ask(subject, { ip: '192.0.2.1' })
    return Object.fromEntries(found.map(({ list, answer }) => [list, answer]))
  }
  const address = (value: string) => ask({ kind: 'address', value })

  it('that work pass their test, and the others are switched off', () => {
    expect(Object.fromEntries(lists.doubts().map(({ list, kind, doubt }) => [`${list} ${kind}`, doubt]))).toEqual({
      'bl ip4': null,
      'bl ip6': null,
      'wl ip4': null,
      'keyed domain': null,
      'parked ip4': expect.stringContaining('not in 127.0.0.0/8'),
      'empty ip4': expect.stringContaining('does not list its test point'),
      'everything ip4': expect.stringContaining('lists 127.0.0.1'),
    })
  })

  it('say what they contain about IPv4 and IPv6 addresses', async () => {
    expect(await address('192.0.2.7')).toMatchObject({
      bl: { kind: 'listed', points: 6, meaning: 'exploited host, spam source' },
      wl: { kind: 'listed', points: -3 },
      everything: { kind: 'unavailable' },
    })
    expect(await address('192.0.2.8')).toMatchObject({ bl: { kind: 'not-listed' }, wl: { kind: 'not-listed' } })
    expect(await address('192.0.2.9')).toMatchObject({ bl: { kind: 'unavailable' } })
    expect(await address('192.0.2.11')).toMatchObject({ bl: { kind: 'listed', points: 6 } })
    expect(await address('0.113.2.200')).toMatchObject({ bl: { kind: 'listed', points: 6 } })
    expect(await address('2001:db8::1')).toEqual({ bl: expect.objectContaining({ kind: 'listed', points: 5 }) })
    expect(await address('2001:db8::2')).toEqual({ bl: { kind: 'not-listed' } })
  })

  it('say what they contain about domains, below a key', async () => {
    for (const value of ['evil.example', 'mail.evil.example'])
      expect(await ask({ kind: 'domain', of: 'helo', value })).toMatchObject({ keyed: { kind: 'listed' } })
    expect(await ask({ kind: 'domain', of: 'helo', value: 'good.example' })).toEqual({ keyed: { kind: 'not-listed' } })
  })

  it('are unavailable when their servers are gone, and no cause has the key', async () => {
    await servers.endAuthority()
    expect(await address('192.0.2.77')).toMatchObject({ bl: { kind: 'unavailable' }, wl: { kind: 'unavailable' } })
    const found = await ask({ kind: 'domain', of: 'helo', value: 'new.example' })
    expect(found).toMatchObject({ keyed: { kind: 'unavailable' } })
    expect(JSON.stringify(found)).not.toContain(KEY)
  })
})
