// SPF by the sections of RFC 7208, through our resolver and a real DNS on loopback.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Authority, startAuthority, type Zone } from '../demo/authority.ts'
import { createStubResolver } from '../dns/stub.ts'
import { createMailauthResolver } from './mailauth-adapter.ts'
import { checkSpf, type SpfRequest } from './spf.ts'

let dns: Authority
beforeAll(async () => {
  dns = await startAuthority()
})
afterAll(() => dns.close())

async function check(zone: Zone, more: Partial<SpfRequest> = {}) {
  dns.zone.clear()
  for (const [name, entry] of Object.entries(zone)) dns.zone.set(name, entry)
  const stub = createStubResolver({ servers: [dns], timeoutMs: 1_000, tries: 1, trustAuthentic: false })
  const found = await checkSpf(
    { remoteIp: '192.0.2.1', helo: 'helo.example', sender: 'ann@a.example', authservId: 'mx.example', ...more },
    { resolver: createMailauthResolver(stub), limitMs: 2_000 },
  )
  return found
}

const record = (text: string): Zone => ({ 'a.example': { TXT: text } })
const result = async (zone: Zone, more: Partial<SpfRequest> = {}): Promise<string> =>
  (await check(zone, more)).status.result

describe('results (RFC 7208 2.6)', () => {
  test.each([
    ['none', {}],
    ['none', record('v=spf10 -all')],
    ['pass', record('v=spf1 ip4:192.0.2.0/24 -all')],
    ['fail', record('v=spf1 ip4:198.51.100.0/24 -all')],
    ['softfail', record('v=spf1 ~all')],
    ['neutral', record('v=spf1 ?all')],
    ['neutral', record('v=spf1 ip4:198.51.100.1')],
    ['temperror', { 'a.example': { fail: 'TIMEOUT' } }],
    ['temperror', { 'a.example': { fail: 'SERVFAIL' } }],
  ] satisfies [string, Zone][])('%s for %j', async (expected, zone) => {
    expect(await result(zone)).toBe(expected)
  })

  test('two records are an error, not a choice (4.5)', async () => {
    expect(await result({ 'a.example': { TXT: ['v=spf1 +all', 'v=spf1 -all'] } })).toBe('permerror')
  })

  test('a record with a syntax error is one, even behind a match (4.6)', async () => {
    expect(await result(record('v=spf1 ip4:192.0.2.1 ip4:nonsense -all'))).toBe('permerror')
  })

  test('a record in chunks is joined without spaces (3.3)', async () => {
    expect(await result({ 'a.example': { TXT: [['v=spf1 ip4:192.', '0.2.1 -all']] } })).toBe('pass')
  })
})

describe('mechanisms (RFC 7208 5)', () => {
  test('a and mx, by family', async () => {
    const zone: Zone = {
      'a.example': { TXT: 'v=spf1 a mx -all', A: '198.51.100.1', MX: '10 mx.example' },
      'mx.example': { A: '192.0.2.1', AAAA: '2001:db8::1' },
    }
    expect(await result(zone)).toBe('pass')
    expect(await result(zone, { remoteIp: '2001:db8::1' })).toBe('pass')
    expect(await result(zone, { remoteIp: '2001:db8::2' })).toBe('fail')
    expect(await result(zone, { remoteIp: '::ffff:192.0.2.1' })).toBe('pass')
  })

  test('include passes on a pass only; redirect takes over', async () => {
    const other: Zone = { 'b.example': { TXT: 'v=spf1 ip4:192.0.2.1 -all' } }
    expect(await result({ ...record('v=spf1 include:b.example ?all'), ...other })).toBe('pass')
    expect(await result({ ...record('v=spf1 include:b.example ?all'), ...other }, { remoteIp: '192.0.2.2' })).toBe(
      'neutral',
    )
    expect(await result({ ...record('v=spf1 redirect=b.example'), ...other }, { remoteIp: '192.0.2.2' })).toBe('fail')
    expect(await result(record('v=spf1 include:gone.example -all'))).toBe('permerror')
  })

  test('exists with macros (7)', async () => {
    const zone: Zone = {
      ...record('v=spf1 exists:%{ir}.%{l}._spf.%{d} -all'),
      '1.2.0.192.ann._spf.a.example': { A: '127.0.0.2' },
    }
    expect(await result(zone)).toBe('pass')
    expect(await result(zone, { sender: 'bob@a.example' })).toBe('fail')
  })
})

describe('limits (RFC 7208 4.6.4)', () => {
  test('ten look-ups, not eleven', async () => {
    const chain = (length: number): Zone => {
      const zone: Zone = { 'a.example': { TXT: 'v=spf1 redirect=r1.example' } }
      for (let i = 1; i < length; i++) zone[`r${i}.example`] = { TXT: `v=spf1 redirect=r${i + 1}.example` }
      return { ...zone, [`r${length}.example`]: { TXT: 'v=spf1 +all' } }
    }
    expect(await result(chain(10))).toBe('pass')
    expect(await result(chain(11))).toBe('permerror')
  })

  test('two void look-ups, not three', async () => {
    expect(await result(record('v=spf1 a:v1.example a:v2.example +all'))).toBe('pass')
    expect(await result(record('v=spf1 a:v1.example a:v2.example a:v3.example +all'))).toBe('permerror')
  })
})

describe('explanations (RFC 7208 6.2)', () => {
  test('come with a fail, macros expanded, IPv6 digits in capitals', async () => {
    const zone: Zone = {
      ...record('v=spf1 -all exp=why.a.example'),
      'why.a.example': { TXT: '%{s} from %{c} is %{ir}' },
    }
    const found = await check(zone, { remoteIp: '2001:db8::ab' })
    expect(found.explanation).toBe(
      'ann@a.example from 2001:db8::ab is B.A.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.B.D.0.1.0.0.2',
    )
  })

  test('do not come with anything else', async () => {
    const zone: Zone = { ...record('v=spf1 ~all exp=why.a.example'), 'why.a.example': { TXT: 'because' } }
    expect((await check(zone)).explanation).toBeUndefined()
  })
})
