// Fetches from a real HTTPS server, which does everything that a server can do wrong.

import { createServer, type Server } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import { fakeResolver, type Zone } from '../../test/lib/fake-resolver.ts'
import { type PolicyAnswer, type PolicyServer, startPolicyServer } from '../../test/lib/policy-server.ts'
import { until } from '../../test/lib/until.ts'
import { createBudgets } from '../budget/budgets.ts'
import { createAuthority } from '../demo/ca.ts'
import { createStrangerClient } from '../https/ask-stranger.ts'
import { createPolicyFetch } from './fetch-policy.ts'

const ca = createAuthority('policies')
const clock = createFakeClock()
const text = 'version: STSv1\nmode: enforce\nmx: mx.a.test\nmax_age: 86400\n'
const budgets = createBudgets(clock)
let server: PolicyServer
beforeAll(async () => {
  server = await startPolicyServer(ca)
})
afterAll(() => server.close())

const at = (address: string): Zone => ({ 'mta-sts.a.test A': [address] })
const fetchWith = (zone: Zone, given: { port?: number; ca?: string | null; allowPrivate?: boolean } = {}) => {
  const { port = server.port, ...settings } = given
  const ports = { resolver: fakeResolver(zone), clock, budgets }
  return createPolicyFetch(
    port,
    createStrangerClient({ ca: ca.certificate, allowPrivate: true, ...settings }, ports),
  )('a.test')
}
const answer = (what: string | PolicyAnswer, zone = at('127.0.0.1')) => {
  server.answers.set('mta-sts.a.test', what)
  return fetchWith(zone)
}
const fetchError = (cause: unknown) => ({ kind: 'failed', failure: 'sts-policy-fetch-error', cause })

describe('a policy', () => {
  it('is fetched from its path', async () => {
    const found = await answer({ body: text, headers: { 'content-type': 'Text/Plain; charset=us-ascii' } })
    expect(found).toEqual({ kind: 'fetched', policy: { mode: 'enforce', mx: ['mx.a.test'], maxAge: 86_400 } })
    expect(server.requests.at(-1)).toBe('GET mta-sts.a.test /.well-known/mta-sts.txt')
  })

  it('is fetched from the address that answers', async () => {
    expect(await answer(text, { 'mta-sts.a.test A': ['127.0.0.1'], 'mta-sts.a.test AAAA': ['::1'] })).toMatchObject({
      kind: 'fetched',
    })
  })

  it.each<[string, PolicyAnswer, string]>([
    ['404', { status: 404 }, 'the server answered 404'],
    ['a redirect', { status: 301, headers: { location: 'https://b.test/' } }, 'the server answered 301'],
    ['204', { status: 204 }, 'the server answered 204'],
    ['HTML', { body: text, headers: { 'content-type': 'text/html' } }, 'the media type is "text/html", not text/plain'],
    ['packed text', { body: text, headers: { 'content-encoding': 'gzip' } }, 'the content coding is "gzip"'],
    ['too much', { body: 'x'.repeat(64 * 1024 + 1) }, 'the answer has more than 65536 octets'],
    ['a huge header', { headers: { x: 'y'.repeat(20_000) } }, 'Parse Error: Header overflow'],
    ['a lost connection', { closes: true }, 'socket hang up'],
  ])('is not fetched: %s', async (_name, given, cause) => {
    expect(await answer(given)).toEqual(fetchError(cause))
  })

  it('that cannot be read has its own failure', async () => {
    expect(await answer('<html>')).toEqual({
      kind: 'failed',
      failure: 'sts-policy-invalid',
      cause: 'its version is not STSv1',
    })
  })

  it('is given up after a minute', async () => {
    const before = server.requests.length
    const waiting = answer({ stalls: true })
    await until(() => server.requests.length > before, { what: 'the request' })
    await clock.advance(60_000)
    expect(await waiting).toEqual(fetchError('no answer within 60 s'))
    expect(budgets.usage().map(({ used }) => used)).toEqual([0, 0])
  })

  it('is given up if the server is silent before TLS', async () => {
    const silent: Server = createServer(() => undefined)
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const connected = new Promise((resolve) => silent.once('connection', resolve))
    const waiting = fetchWith(at('127.0.0.1'), { port: (silent.address() as { port: number }).port })
    const socket = (await connected) as { destroy(): void }
    await clock.advance(60_000)
    expect(await waiting).toEqual(fetchError('no answer within 60 s'))
    socket.destroy()
    silent.close()
  })
})

describe('the certificate', () => {
  it.each([
    ['of another host', () => ca.issue({ names: ['mta-sts.b.test'] }), 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['that has expired', () => ca.issue({ names: ['mta-sts.a.test'], days: -1 }), 'CERT_HAS_EXPIRED'],
    [
      'of another authority',
      () => createAuthority('x').issue({ names: ['mta-sts.a.test'] }),
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    ],
  ])('%s is refused', async (_name, issue, code) => {
    server.certificates.set('mta-sts.a.test', issue())
    const before = server.requests.length
    const cause = `the certificate is not valid: ${code}`
    expect(await answer(text)).toEqual({ kind: 'failed', failure: 'sts-webpki-invalid', cause })
    expect(server.requests).toHaveLength(before)
    server.certificates.clear()
  })

  it('of no public authority is refused without a file of authorities', async () => {
    expect(await fetchWith(at('127.0.0.1'), { ca: null })).toMatchObject({ failure: 'sts-webpki-invalid' })
  })
})

describe('the address', () => {
  it.each(['127.0.0.1', '10.0.0.1', '169.254.169.254', '0.0.0.0', '100.64.0.1'])('%s is not asked', async (ip) => {
    expect(await fetchWith(at(ip), { allowPrivate: false })).toEqual(
      fetchError('mta-sts.a.test has no address on the internet'),
    )
  })

  it.each(['::1', 'fe80::1', 'fd00::1', '::ffff:127.0.0.1'])('%s is not asked', async (ip) => {
    expect(await fetchWith({ 'mta-sts.a.test AAAA': [ip] }, { allowPrivate: false })).toMatchObject({ kind: 'failed' })
  })

  it('may be missing or unavailable', async () => {
    expect(await fetchWith({})).toEqual(fetchError('mta-sts.a.test has no address on the internet'))
    expect(await fetchWith({ 'mta-sts.a.test A': 'unavailable' })).toEqual(
      fetchError('the look-up of mta-sts.a.test failed: SERVFAIL'),
    )
  })
})

describe('requests to one server', () => {
  /** More than a server gets places. */
  const SHARE = 8
  const domains = Array.from({ length: SHARE + 1 }, (_, i) => `d${i}.test`)
  const zone = Object.fromEntries(domains.map((domain) => [`mta-sts.${domain} A`, ['127.0.0.1']]))

  /** Fetches the policies of all domains, which one server has. */
  async function fetchAll(first: PolicyAnswer) {
    for (const domain of domains) server.answers.set(`mta-sts.${domain}`, first)
    const before = server.requests.length
    const ports = { resolver: fakeResolver(zone), clock, budgets: createBudgets(clock) }
    const fetch = createPolicyFetch(
      server.port,
      createStrangerClient({ ca: ca.certificate, allowPrivate: true }, ports),
    )
    const all = domains.map((domain) => fetch(domain))
    await until(() => server.requests.length >= before + SHARE, { what: 'the first requests' })
    return { all, asked: () => server.requests.length - before }
  }

  it('wait for a place that becomes free', async () => {
    const { all, asked } = await fetchAll({ body: text })
    expect(await Promise.all(all)).toEqual(domains.map(() => expect.objectContaining({ kind: 'fetched' })))
    expect(asked()).toBe(domains.length)
  })

  it('wait for twenty seconds at most', async () => {
    const { all, asked } = await fetchAll({ stalls: true })
    await clock.advance(20_000)
    expect(await all.at(-1)).toEqual({
      kind: 'busy',
      cause: 'too many HTTPS servers are being asked: no place for a request (client)',
    })
    expect(asked()).toBe(SHARE)
    await clock.advance(40_000)
    expect((await Promise.all(all.slice(0, SHARE))).map(({ kind }) => kind)).toEqual(Array(SHARE).fill('failed'))
  })
})
