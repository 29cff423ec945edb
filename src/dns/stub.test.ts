import { createSocket } from 'node:dgram'
import dnsPacket from 'dns-packet'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { type Authority, startAuthority, type Zone } from '../demo/authority.ts'
import { createBudgets } from '../budget/budgets.ts'
import { systemClock } from '../lib/clock.ts'
import { MAX_ALIASES } from './answer.ts'
import { createCachedResolver } from './cache.ts'
import type { DnsServer, Exchange } from './exchange.ts'
import type { Resolver } from './resolver.ts'
import { createStubResolver, type StubSettings } from './stub.ts'

const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((thing) => thing.close()))
})

async function authority(zone: Zone): Promise<Authority> {
  const started = await startAuthority(zone)
  open.push(started)
  return started
}

function stub(servers: readonly DnsServer[], more: Partial<StubSettings> = {}): Resolver {
  return createStubResolver({ servers, timeoutMs: 2_000, tries: 2, trustAuthentic: false, ...more })
}

/** A UDP server that answers each query with the datagrams that `answer` gives. */
async function rogue(answer: (query: dnsPacket.DecodedPacket, raw: Buffer) => readonly Buffer[]): Promise<DnsServer> {
  const socket = createSocket('udp4')
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
  socket.on('message', (data, peer) => {
    for (const datagram of answer(dnsPacket.decode(data), data)) socket.send(datagram, peer.port, peer.address)
  })
  open.push({ close: () => new Promise((resolve) => socket.close(() => resolve())) })
  return { host: '127.0.0.1', port: socket.address().port }
}

function addressAnswer(query: dnsPacket.DecodedPacket, change: Partial<dnsPacket.Packet> = {}): Buffer {
  const questions = query.questions ?? []
  return dnsPacket.encode({
    type: 'response',
    id: query.id ?? 0,
    questions,
    answers: [{ type: 'A', name: questions[0]?.name ?? '', ttl: 60, data: '192.0.2.66' }],
    ...change,
  })
}

describe('every record type', () => {
  const zone: Zone = {
    'example.org': {
      A: ['192.0.2.1', '192.0.2.2'],
      AAAA: '2001:db8::1',
      MX: ['10 MX1.example.org', '20 mx2.example.org'],
      TXT: ['v=spf1 -all', ['two ', 'chunks']],
      NS: 'ns.example.org',
      ttl: 300,
    },
    'null.example': { MX: '0 .' },
    'www.example.org': { CNAME: 'example.org' },
    '1.2.0.192.in-addr.arpa': { PTR: 'Example.ORG' },
    '_submissions._tcp.example.org': { SRV: '0 1 465 mail.example.org' },
    '_25._tcp.mx1.example.org': { TLSA: `3 1 1 ${'ab'.repeat(32)}` },
  }

  test('comes back in its own shape with TTL and owner', async () => {
    const resolver = stub([await authority(zone)])
    expect(await resolver.resolve('Example.Org.', 'A')).toEqual({
      kind: 'found',
      records: ['192.0.2.1', '192.0.2.2'],
      ttl: 300,
      authentic: false,
      name: 'example.org',
    })
    expect(await resolver.resolve('example.org', 'AAAA')).toMatchObject({ records: ['2001:db8::1'] })
    expect(await resolver.resolve('example.org', 'MX')).toMatchObject({
      records: [
        { preference: 10, exchange: 'mx1.example.org' },
        { preference: 20, exchange: 'mx2.example.org' },
      ],
    })
    expect(await resolver.resolve('null.example', 'MX')).toMatchObject({ records: [{ preference: 0, exchange: '' }] })
    expect(await resolver.resolve('example.org', 'TXT')).toMatchObject({
      records: [[Buffer.from('v=spf1 -all')], [Buffer.from('two '), Buffer.from('chunks')]],
    })
    expect(await resolver.resolve('example.org', 'NS')).toMatchObject({ records: ['ns.example.org'] })
    expect(await resolver.resolve('www.example.org', 'CNAME')).toMatchObject({ records: ['example.org'] })
    expect(await resolver.resolve('1.2.0.192.in-addr.arpa', 'PTR')).toMatchObject({ records: ['example.org'] })
    expect(await resolver.resolve('_submissions._tcp.example.org', 'SRV')).toMatchObject({
      records: [{ priority: 0, weight: 1, port: 465, target: 'mail.example.org' }],
    })
    expect(await resolver.resolve('_25._tcp.mx1.example.org', 'TLSA')).toMatchObject({
      records: [{ usage: 3, selector: 1, matchingType: 1, data: Buffer.from('ab'.repeat(32), 'hex') }],
    })
  })
})

test('an IPv6 address has the one form of RFC 5952', async () => {
  const dns = await authority({
    'a.example': { AAAA: '2001:DB8:0:0:5:0:0:1' },
    'b.example': { AAAA: '2001:0:0:5:0:0:0:1' },
  })
  expect(await stub([dns]).resolve('a.example', 'AAAA')).toMatchObject({ records: ['2001:db8::5:0:0:1'] })
  expect(await stub([dns]).resolve('b.example', 'AAAA')).toMatchObject({ records: ['2001:0:0:5::1'] })
})

describe('names that are not there (RFC 2308)', () => {
  test('NXDOMAIN and NODATA are distinguished and carry the TTL of the SOA', async () => {
    const resolver = stub([await authority({ 'a.example': { A: '192.0.2.1' } })])
    expect(await resolver.resolve('b.example', 'A')).toEqual({
      kind: 'absent',
      nxdomain: true,
      ttl: 60,
      authentic: false,
    })
    expect(await resolver.resolve('a.example', 'MX')).toEqual({
      kind: 'absent',
      nxdomain: false,
      ttl: 60,
      authentic: false,
    })
    // An empty non-terminal exists (RFC 8020).
    expect(await resolver.resolve('example', 'A')).toMatchObject({ kind: 'absent', nxdomain: false })
  })

  test('a malformed name is absent without a question', async () => {
    const dns = await authority({})
    expect(await stub([dns]).resolve('a..example', 'A')).toMatchObject({ kind: 'absent', nxdomain: true })
    expect(dns.questions).toEqual([])
  })

  test('an internationalised name is asked for as A-labels', async () => {
    const dns = await authority({ 'xn--bcher-kva.example': { A: '192.0.2.1' } })
    expect(await stub([dns]).resolve('Bücher.example', 'A')).toMatchObject({ kind: 'found' })
  })
})

describe('aliases (RFC 1034 3.6.2)', () => {
  test('are followed inside one answer, with the least TTL', async () => {
    const dns = await authority({
      'a.example': { CNAME: 'b.example', ttl: 500 },
      'b.example': { CNAME: 'C.example', ttl: 7 },
      'c.example': { A: '192.0.2.1', ttl: 900 },
    })
    expect(await stub([dns]).resolve('a.example', 'A')).toMatchObject({ name: 'c.example', ttl: 7 })
    expect(dns.questions).toHaveLength(1)
  })

  test('that end at nothing are absent', async () => {
    const dns = await authority({
      'a.example': { CNAME: 'gone.example' },
      'b.example': { CNAME: 'here.example' },
      'here.example': { TXT: 'x' },
    })
    expect(await stub([dns]).resolve('a.example', 'A')).toMatchObject({ kind: 'absent', nxdomain: true })
    expect(await stub([dns]).resolve('b.example', 'A')).toMatchObject({ kind: 'absent', nxdomain: false })
  })

  test('that a server leaves to us are asked for one by one', async () => {
    const target: Record<string, string> = { 'a.example': 'b.example', 'b.example': 'c.example' }
    const server = await rogue((query) => {
      const name = query.questions?.[0]?.name ?? ''
      const next = target[name.toLowerCase()]
      if (next === undefined) return [addressAnswer(query)]
      return [addressAnswer(query, { answers: [{ type: 'CNAME', name, ttl: 5, data: next }] })]
    })
    expect(await stub([server]).resolve('a.example', 'A')).toMatchObject({ name: 'c.example', ttl: 5 })
  })

  test('in a circle, or too many, are unavailable, not endless', async () => {
    const chain: Zone = { 'x.example': { CNAME: 'y.example' }, 'y.example': { CNAME: 'x.example' } }
    for (let i = 0; i <= MAX_ALIASES; i++) chain[`n${i}.example`] = { CNAME: `n${i + 1}.example` }
    chain[`n${MAX_ALIASES + 1}.example`] = { A: '192.0.2.1' }
    const resolver = stub([await authority(chain)])
    expect(await resolver.resolve('x.example', 'A')).toMatchObject({ kind: 'unavailable' })
    expect(await resolver.resolve('n0.example', 'A')).toMatchObject({ kind: 'unavailable' })
    expect(await resolver.resolve('n1.example', 'A')).toMatchObject({ kind: 'found' })
  })
})

describe('the authentic bit (RFC 4035 4.9.3)', () => {
  const zone: Zone = { 'a.example': { A: '192.0.2.1', authentic: true }, 'b.example': { A: '192.0.2.1' } }

  test('is believed from a loopback server, for absent types too', async () => {
    const resolver = stub([await authority(zone)])
    expect(await resolver.resolve('a.example', 'A')).toMatchObject({ kind: 'found', authentic: true })
    expect(await resolver.resolve('a.example', 'MX')).toMatchObject({ kind: 'absent', authentic: true })
    expect(await resolver.resolve('b.example', 'A')).toMatchObject({ kind: 'found', authentic: false })
  })

  test('from elsewhere only when configured', async () => {
    const exchange: Exchange = async (_server, question) => {
      const bytes = addressAnswer({ id: 1, questions: [question] } as unknown as dnsPacket.DecodedPacket, {
        flags: dnsPacket.AUTHENTIC_DATA,
      })
      return { kind: 'answered', packet: dnsPacket.decode(bytes), rcode: 'NOERROR' }
    }
    const settings = { servers: [{ host: '192.0.2.53', port: 53 }], timeoutMs: 1, tries: 1, trustAuthentic: false }
    expect(await createStubResolver(settings, exchange).resolve('a.example', 'A')).toMatchObject({ authentic: false })
    const trusting = createStubResolver({ ...settings, trustAuthentic: true }, exchange)
    expect(await trusting.resolve('a.example', 'A')).toMatchObject({ authentic: true })
  })

  test('is lost if one link of an alias chain is insecure', async () => {
    const chain: Zone = {
      'c.example': { CNAME: 'b.example', authentic: true },
      'd.example': { CNAME: 'a.example', authentic: true },
    }
    const resolver = stub([await authority({ ...zone, ...chain })])
    expect(await resolver.resolve('c.example', 'A')).toMatchObject({ kind: 'found', authentic: false })
    expect(await resolver.resolve('d.example', 'A')).toMatchObject({ kind: 'found', authentic: true })
  })
})

describe('trouble is unavailable, never absent', () => {
  test.each([
    // Once more without validation, to find out whether DNSSEC is the cause.
    ['SERVFAIL', 2],
    ['REFUSED', 1],
  ] as const)('%s, not asked again', async (fail, questions) => {
    const dns = await authority({ 'a.example': { fail } })
    const answer = await stub([dns]).resolve('a.example', 'A')
    expect(answer).toMatchObject({ kind: 'unavailable', cause: expect.stringContaining(fail) })
    expect(dns.count('a.example', 'A')).toBe(questions)
  })

  const failing = { answers: [], flags: 2 }

  test('says that DNSSEC is the cause if the server says so (RFC 8914)', async () => {
    const server = await rogue((query) => {
      const reply = addressAnswer(query, failing)
      reply.writeUInt16BE(1, 10)
      // OPT (RFC 6891) with one option: code 15, info code 7.
      return [Buffer.concat([reply, Buffer.from('00002904d0000000000006000f00020007', 'hex')])]
    })
    const answer = await stub([server]).resolve('a.example', 'A')
    expect(answer).toMatchObject({
      kind: 'unavailable',
      isBogus: true,
      cause: expect.stringContaining('DNSSEC: signature expired'),
    })
  })

  test('says that DNSSEC is the cause if the server answers without validation', async () => {
    const server = await rogue((query) => [addressAnswer(query, query.flag_cd ? {} : failing)])
    const answer = await stub([server]).resolve('a.example', 'A')
    expect(answer).toMatchObject({
      kind: 'unavailable',
      isBogus: true,
      cause: expect.stringContaining('DNSSEC validation failed'),
    })
  })

  test('a server that changes the letter case of the name is asked over TCP', async () => {
    const dns = await authority({ 'a-long-name.example': { A: '192.0.2.1' } })
    const changing = await rogue((query) => [
      addressAnswer({
        ...query,
        questions: [{ ...(query.questions?.[0] as dnsPacket.Question), name: 'a-long-name.example' }],
      }),
    ])
    expect(await stub([changing], { timeoutMs: 200, tries: 1 }).resolve('a-long-name.example', 'A')).toMatchObject({
      kind: 'unavailable',
      cause: expect.stringContaining('ECONNREFUSED'),
    })
    expect(await stub([dns]).resolve('a-long-name.example', 'A')).toMatchObject({ records: ['192.0.2.1'] })
    expect(dns.questions).toEqual(['a-long-name.example A udp'])
  })

  test('silence, asked again', async () => {
    const dns = await authority({ 'a.example': { fail: 'TIMEOUT' } })
    const answer = await stub([dns], { timeoutMs: 60, tries: 3 }).resolve('a.example', 'A')
    expect(answer).toMatchObject({ kind: 'unavailable', cause: expect.stringContaining('time-out') })
    await vi.waitFor(() => expect(dns.count('a.example', 'A')).toBe(3))
  })

  test('a closed port, at once', async () => {
    const dns = await startAuthority({})
    await dns.close()
    // Longer than a test may take: the refusal ends the query, not the time-out.
    const answer = await stub([dns], { timeoutMs: 600_000 }).resolve('a.example', 'A')
    expect(answer).toMatchObject({ kind: 'unavailable', cause: expect.stringContaining('ECONNREFUSED') })
  })

  test('a network that no way leads to, at once, and the next server is asked', async () => {
    // Refused by the kernel, as a server in a network without a route is: nothing is sent.
    const nowhere = { host: '255.255.255.255', port: 53 }
    expect(await stub([nowhere]).resolve('a.example', 'A')).toMatchObject({ kind: 'unavailable' })
    const good = await authority({ 'a.example': { A: '192.0.2.1' } })
    expect(await stub([nowhere, good]).resolve('a.example', 'A')).toMatchObject({ kind: 'found' })
  })

  test('the next server is asked after silence and after SERVFAIL', async () => {
    const silent = await authority({ 'a.example': { fail: 'TIMEOUT' } })
    const failing = await authority({ 'a.example': { fail: 'SERVFAIL' } })
    const good = await authority({ 'a.example': { A: '192.0.2.1' } })
    const answer = await stub([silent, failing, good], { timeoutMs: 500 }).resolve('a.example', 'A')
    expect(answer).toMatchObject({ kind: 'found' })
  })

  test('a server without EDNS is asked again without', async () => {
    const server = await rogue((query) => {
      if ((query.additionals ?? []).length === 0) return [addressAnswer(query)]
      return [dnsPacket.encode({ type: 'response', id: query.id ?? 0, flags: 1 })]
    })
    expect(await stub([server]).resolve('a.example', 'A')).toMatchObject({ kind: 'found' })
  })

  test('a referral, which a server that does not recurse gives (RFC 2308 2.2.1)', async () => {
    const authorities = [{ type: 'NS' as const, name: 'example', ttl: 60, data: 'ns.example' }]
    const server = await rogue((query) => [addressAnswer(query, { answers: [], authorities })])
    for (const type of ['MX', 'A'] as const)
      expect(await stub([server]).resolve('a.example', type)).toMatchObject({ kind: 'unavailable' })
  })

  test('no server configured', async () => {
    expect(await stub([]).resolve('a.example', 'A')).toMatchObject({ kind: 'unavailable' })
  })
})

/** With the places of a node. */
function limited(inner: Resolver): Resolver {
  const budgets = createBudgets(systemClock)
  const pools = { open: budgets.pool('dnsQuestions'), waiting: budgets.pool('dnsWaiting') }
  return createCachedResolver(inner, { clock: systemClock, pools })
}

describe('whose fault a failure is', () => {
  test.each([
    ['SERVFAIL', undefined],
    ['REFUSED', true],
    ['TIMEOUT', true],
  ] as const)('%s', async (fail, ours) => {
    const dns = await authority({ 'a.example': { fail } })
    const answer = await stub([dns], { timeoutMs: 50, tries: 1 }).resolve('a.example', 'A')
    expect(answer).toMatchObject({ kind: 'unavailable', ...(ours && { ours }) })
    expect('ours' in answer).toBe(ours === true)
  })

  test('one server that says SERVFAIL has asked, whatever the others do', async () => {
    const [silent, failing] = [
      await authority({ 'a.example': { fail: 'TIMEOUT' } }),
      await authority({ 'a.example': { fail: 'SERVFAIL' } }),
    ]
    const answer = await stub([silent, failing], { timeoutMs: 50 }).resolve('a.example', 'A')
    expect(answer).not.toHaveProperty('ours')
  })
})

describe('an aborted question', () => {
  test('closes its socket and asks no other server', async () => {
    const silent = await authority({ 'a.example': { fail: 'TIMEOUT' } })
    const asker = new AbortController()
    const answer = stub([silent, silent]).resolve('a.example', 'A', { purpose: 'internet', signal: asker.signal })
    await vi.waitFor(() => expect(silent.questions).toHaveLength(1))
    asker.abort()
    expect(await answer).toEqual({ kind: 'unavailable', cause: 'A of a.example: aborted', ours: true })
    expect(silent.questions).toHaveLength(1)
  })
})

describe('many questions at once', () => {
  test('keep within the sockets allowed, and all get their answer', async () => {
    let open = 0
    let most = 0
    const exchange: Exchange = async (_server, question) => {
      most = Math.max(most, ++open)
      await new Promise((resolve) => setTimeout(resolve, 5))
      open--
      const bytes = addressAnswer({ id: 1, questions: [question] } as unknown as dnsPacket.DecodedPacket)
      return { kind: 'answered', packet: dnsPacket.decode(bytes), rcode: 'NOERROR' }
    }
    const settings = { servers: [{ host: '127.0.0.1', port: 53 }], timeoutMs: 1, tries: 1, trustAuthentic: false }
    const resolver = limited(createStubResolver(settings, exchange))
    const names = Array.from({ length: 1_000 }, (_, i) => `n${i}.example`)
    const answers = await Promise.all(names.map((name) => resolver.resolve(name, 'A', { purpose: 'delivery' })))
    expect(answers.every((answer) => answer.kind === 'found')).toBe(true)
    expect(most).toBe(243)
  })

  test('over real sockets', async () => {
    const dns = await authority({ 'a.example': { A: '192.0.2.1' } })
    const resolver = limited(stub([dns], { timeoutMs: 3_000 }))
    const names = Array.from({ length: 600 }, (_, i) => `n${i}.example`)
    const answers = await Promise.all(names.map((name) => resolver.resolve(name, 'A', { purpose: 'delivery' })))
    expect(answers.filter((answer) => answer.kind === 'absent')).toHaveLength(600)
  })
})

describe('large answers', () => {
  test('cut over UDP come whole over TCP', async () => {
    const addresses = Array.from({ length: 200 }, (_, i) => `192.0.2.${i + 1}`)
    const dns = await authority({ 'a.example': { A: addresses }, 'b.example': { A: '192.0.2.1', truncate: true } })
    const answer = await stub([dns]).resolve('a.example', 'A')
    expect(answer).toMatchObject({ kind: 'found', records: addresses })
    expect(dns.questions).toEqual(['a.example A udp', 'a.example A tcp'])
    expect(await stub([dns]).resolve('b.example', 'A')).toMatchObject({ kind: 'found' })
  })

  test('cut in the middle of a record still mean TCP', async () => {
    const server = await rogue((query, raw) => {
      const whole = addressAnswer(query, { flags: dnsPacket.TRUNCATED_RESPONSE })
      return [whole.subarray(0, raw.length - 3)]
    })
    // Nothing listens on TCP there: the cause shows that it was tried.
    const answer = await stub([server], { tries: 1 }).resolve('a.example', 'A')
    expect(answer).toMatchObject({ kind: 'unavailable', cause: expect.stringContaining('ECONNREFUSED') })
  })
})

describe('forged and broken answers (RFC 5452)', () => {
  test('with another id, question or direction are ignored and the real one is taken', async () => {
    const server = await rogue((query, raw) => [
      addressAnswer(query, { id: (query.id ?? 0) ^ 1 }),
      addressAnswer(query, { questions: [{ name: 'evil.example', type: 'A' }] }),
      addressAnswer(query, { questions: [{ name: 'a.example', type: 'AAAA' }] }),
      raw,
      Buffer.from('short'),
      addressAnswer(query, { answers: [{ type: 'A', name: 'a.example', ttl: 1, data: '192.0.2.77' }] }),
    ])
    expect(await stub([server]).resolve('a.example', 'A')).toMatchObject({ records: ['192.0.2.77'] })
  })

  test('records of another owner are not taken', async () => {
    const server = await rogue((query) => [
      addressAnswer(query, { answers: [{ type: 'A', name: 'evil.example', ttl: 1, data: '192.0.2.66' }] }),
    ])
    expect(await stub([server]).resolve('a.example', 'A')).toMatchObject({ kind: 'absent' })
  })

  test('garbage under our id is a failure', async () => {
    const server = await rogue((query) => {
      const bytes = addressAnswer(query)
      bytes.fill(0xff, 12)
      return [bytes]
    })
    const answer = await stub([server], { tries: 1 }).resolve('a.example', 'A')
    expect(answer).toMatchObject({ kind: 'unavailable', cause: expect.stringContaining('malformed') })
  })

  test('ids and source ports vary', async () => {
    const ids = new Set<number>()
    const server = await rogue((query) => {
      ids.add(query.id ?? 0)
      return [addressAnswer(query)]
    })
    const resolver = stub([server])
    for (let i = 0; i < 12; i++) await resolver.resolve('a.example', 'A')
    expect(ids.size).toBeGreaterThan(8)
  })
})
