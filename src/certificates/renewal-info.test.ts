// When to renew: names of certificates as in RFC 9773, windows of authorities, and the life of a certificate.

import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import { createAuthority } from '../demo/ca.ts'
import { renewalAdvice } from './renewal-advice.ts'
import { readWindow, renewalId, timeIn, windowOf } from './renewal-info.ts'

const authority = createAuthority('Renewals')
const { certificate, key } = authority.issue({ names: ['localhost'], ips: ['127.0.0.1'], days: 90 })
const DAY_MS = 86_400_000

/** RFC 9773 appendix A. */
const EXAMPLE = `-----BEGIN CERTIFICATE-----
MIIBQzCB66ADAgECAgUAh2VDITAKBggqhkjOPQQDAjAVMRMwEQYDVQQDEwpFeGFt
cGxlIENBMCIYDzAwMDEwMTAxMDAwMDAwWhgPMDAwMTAxMDEwMDAwMDBaMBYxFDAS
BgNVBAMTC2V4YW1wbGUuY29tMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEeBZu
7cbpAYNXZLbbh8rNIzuOoqOOtmxA1v7cRm//AwyMwWxyHz4zfwmBhcSrf47NUAFf
qzLQ2PPQxdTXREYEnKMjMCEwHwYDVR0jBBgwFoAUaYhba4dGQEHhs3uEe6CuLN4B
yNQwCgYIKoZIzj0EAwIDRwAwRAIge09+S5TZAlw5tgtiVvuERV6cT4mfutXIlwTb
+FYN/8oCIClDsqBklhB9KAelFiYt9+6FDj3z4KGVelYM5MdsO3pK
-----END CERTIFICATE-----`

const servers: Server[] = []
afterEach(() => {
  for (const one of servers.splice(0)) one.close()
})

async function serve(answers: Readonly<Record<string, (base: string) => unknown>>, headers = {}) {
  const asked: string[] = []
  const server = createServer({ cert: certificate, key }, (request, response) => {
    asked.push(request.url ?? '')
    const found = Object.entries(answers).find(([path]) => request.url?.startsWith(path))
    response.writeHead(found ? 200 : 404, headers)
    response.end(found ? JSON.stringify(found[1](base())) : '{}')
  })
  servers.push(server)
  const base = () => `https://127.0.0.1:${(server.address() as AddressInfo).port}`
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { asked, place: { directoryUrl: `${base()}/dir`, ca: authority.certificate } }
}

const directory = (base: string) => ({
  newNonce: `${base}/nonce`,
  newAccount: `${base}/account`,
  newOrder: `${base}/order`,
  renewalInfo: `${base}/ari`,
})

describe('the name of a certificate', () => {
  it('is that of RFC 9773 4.1', async () => {
    expect(await renewalId(EXAMPLE)).toBe('aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE')
  })
})

describe('advice', () => {
  const clock = createFakeClock()

  it('of the authority counts', async () => {
    const suggestedWindow = { start: '2027-01-02T04:00:00Z', end: '2027-01-03T04:00:00Z' }
    const { asked, place } = await serve(
      { '/dir': directory, '/ari/': () => ({ suggestedWindow }) },
      { 'retry-after': '21600' },
    )
    const advice = await renewalAdvice(place, certificate, clock)
    expect(advice).toEqual({
      window: { start: Date.UTC(2027, 0, 2, 4), end: Date.UTC(2027, 0, 3, 4) },
      askMs: 21_600_000,
      byAdvice: true,
    })
    expect(asked.at(-1)).toBe(`/ari/${await renewalId(certificate)}`)
  })

  it.each([
    ['no resource', { '/dir': (base: string) => ({ ...directory(base), renewalInfo: undefined }) }],
    ['no answer', { '/dir': directory }],
    ['no directory', {}],
    [
      'a window that ends before it starts',
      { '/dir': directory, '/ari/': () => ({ suggestedWindow: { start: '2027-01-02', end: '2027-01-01' } }) },
    ],
  ])('with %s is two thirds of the life', async (_what, answers) => {
    const { place } = await serve(answers)
    const { window, byAdvice } = await renewalAdvice(place, certificate, clock)
    expect(byAdvice).toBe(false)
    expect(window).toEqual(windowOf(certificate))
  })

  it('without advice leaves a third of the life', () => {
    const { start, end } = windowOf(certificate)
    expect(Math.round((start - Date.now()) / DAY_MS)).toBe(60)
    expect(end - start).toBe(DAY_MS)
    expect(timeIn({ start: 10, end: 20 }, 0.5)).toBe(15)
  })

  it('that is none is an error', () => {
    expect(() => readWindow({ status: 503, body: '' })).toThrow('answered 503')
    expect(() => readWindow({ status: 200, body: '[' })).toThrow('without a JSON object')
  })
})
