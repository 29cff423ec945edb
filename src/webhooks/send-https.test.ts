import { createHmac } from 'node:crypto'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import { createAuthority } from '../demo/ca.ts'
import type { HttpsTarget } from './hook-target.ts'
import { createHttpsSender } from './send-https.ts'

const clock = createFakeClock()
const send = createHttpsSender(clock)
const ca = createAuthority('Test')
const issued = ca.issue({ names: ['localhost'], ips: ['127.0.0.1'] })
const never = new AbortController().signal

interface Received {
  readonly body: string
  readonly signature: string
  readonly path: string
}

let server: Server
let received: Received[]
let status: number | null
let target: HttpsTarget

beforeAll(async () => {
  server = createServer({ cert: issued.certificate, key: issued.key }, (incoming, answer) => {
    let body = ''
    incoming.setEncoding('utf8').on('data', (piece: string) => (body += piece))
    incoming.once('end', () => {
      received.push({ body, signature: String(incoming.headers['waypost-signature']), path: incoming.url ?? '' })
      if (status !== null) answer.writeHead(status, { Location: 'https://localhost/other' }).end('x'.repeat(100_000))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})
beforeEach(() => {
  ;[received, status] = [[], 204]
  target = {
    kind: 'https',
    name: 'ops',
    events: [],
    timeoutMs: 10_000,
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}/mail?key=1`,
    secret: 'a secret only for tests',
    ca: ca.certificate,
  }
})

describe('a webhook by HTTPS', () => {
  it('is signed with its time, as the page describes the verification', async () => {
    expect(await send(target, '{"text":"é"}', never)).toEqual({ kind: 'delivered' })
    const [one] = received
    expect(one).toMatchObject({ body: '{"text":"é"}', path: '/mail?key=1' })
    const [, time, given] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(one?.signature ?? '') ?? []
    expect(Number(time)).toBe(Math.floor(clock.now() / 1000))
    expect(given).toBe(createHmac('sha256', target.secret).update(`${time}.${one?.body}`).digest('hex'))
  })

  it.each([200, 202, 299])('is delivered with the answer %d', async (code) => {
    status = code
    expect(await send(target, '{}', never)).toEqual({ kind: 'delivered' })
  })

  it.each([301, 400, 410, 500])('fails with the answer %d, and follows no redirect', async (code) => {
    status = code
    expect(await send(target, '{}', never)).toEqual({ kind: 'failed', cause: `the server answered ${code}` })
    expect(received).toHaveLength(1)
  })

  it('fails if the server does not answer in time, or the node stops', async () => {
    status = null
    const late = send(target, '{}', never)
    await clock.advance(10_000)
    expect(await late).toEqual({ kind: 'failed', cause: 'no answer within 10 s' })
    const stop = new AbortController()
    const stopped = send(target, '{}', stop.signal)
    stop.abort()
    expect(await stopped).toMatchObject({ kind: 'failed' })
  })

  it('goes to no server whose certificate is not proven', async () => {
    expect(await send({ ...target, ca: null }, '{}', never)).toMatchObject({
      cause: expect.stringMatching(/certificate/),
    })
    const other = createAuthority('Other').certificate
    expect(await send({ ...target, ca: other }, '{}', never)).toMatchObject({ kind: 'failed' })
    expect(received).toEqual([])
  })

  it('fails if nothing listens', async () => {
    expect(await send({ ...target, url: 'https://127.0.0.1:9/' }, '{}', never)).toMatchObject({ kind: 'failed' })
  })
})
