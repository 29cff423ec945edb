// rspamd's protocol from our side: what is asked, what each answer means, and that whatever else happens is "unavailable", in time.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterEach, describe, expect, test } from 'vitest'
import { clean, type FakeAnswer, type FakeRspamd, scanned, startFakeRspamd } from '../../test/lib/fake-rspamd.ts'
import { type Clock, systemClock } from '../lib/clock.ts'
import type { Content } from '../message/content.ts'
import { createRspamd } from './rspamd.ts'
import type { Rspamd, RspamdSettings } from './rspamd.ts'
import { MAX_ANSWER_OCTETS } from './rspamd-exchange.ts'
import type { SpamRequest } from './spam-scan.ts'

const toClose: { close(): unknown }[] = []
afterEach(async () => {
  for (const one of toClose.splice(0)) await one.close()
})

/** Real timers, because rspamd answers over real sockets; `elapsed` moves the monotonic clock. */
let elapsed = 0
const clock: Clock = { ...systemClock, monotonic: () => systemClock.monotonic() + elapsed }

async function fake(answer?: FakeAnswer, socket: string | null = null): Promise<FakeRspamd> {
  const server = await startFakeRspamd(answer, socket)
  toClose.push(server)
  return server
}

function rspamd(urls: readonly string[], change: Partial<RspamdSettings> = {}): Rspamd {
  const client = createRspamd(
    { urls, password: null, timeoutMs: 5_000, hostname: 'mx-01.example.org', ownResults: true, ...change },
    clock,
  )
  toClose.push(client)
  return client
}

function contentOf(body: Buffer, header = 'Subject: Hello\r\n\r\n'): Content {
  return { header: Buffer.from(header), bodySize: body.length, openBody: () => Readable.from([body]) }
}

function request(change: Partial<SpamRequest> = {}): SpamRequest {
  return {
    queueId: 'Q1',
    remoteIp: '192.0.2.1',
    remoteName: 'mail.stranger.example',
    helo: 'helo.stranger.example',
    sender: 'ann@stranger.example',
    recipients: ['kim@example.org', 'lee@example.org'],
    user: null,
    evidence: [],
    at: 1000,
    content: contentOf(Buffer.from('Hello\r\n')),
    ...change,
  }
}

/** One question to one server with this answer. */
async function found(answer: FakeAnswer, change: Partial<RspamdSettings> = {}) {
  const server = await fake(answer)
  return rspamd([server.url], change).scan(request())
}

describe('what is asked', () => {
  test('is the whole mail, with its envelope and client', async () => {
    const server = await fake()
    await rspamd([server.url], { password: 'secret' }).scan(request({ user: 'lee' }))
    expect(server.asked).toMatchObject([
      {
        method: 'POST',
        path: '/checkv2',
        recipients: ['<kim@example.org>', '<lee@example.org>'],
        headers: {
          from: '<ann@stranger.example>',
          ip: '192.0.2.1',
          helo: 'helo.stranger.example',
          hostname: 'mail.stranger.example',
          user: 'lee',
          password: 'secret',
          'queue-id': 'Q1',
          'mta-name': 'mx-01.example.org',
          'mta-tag': 'waypost',
          'content-length': '25',
        },
      },
    ])
    expect(server.asked[0]?.body.toString()).toBe('Subject: Hello\r\n\r\nHello\r\n')
  })

  test('leaves out what is not known, and says <> for the null sender', async () => {
    const server = await fake()
    await rspamd([server.url]).scan(request({ sender: null, remoteName: null, helo: null, remoteIp: null }))
    const headers = server.asked[0]?.headers ?? {}
    expect(headers.from).toBe('<>')
    for (const name of ['hostname', 'helo', 'ip', 'user', 'password']) expect(headers).not.toHaveProperty(name)
  })

  test('cannot be steered by what a stranger says', async () => {
    const server = await fake()
    const helo = `evil\r\nUser: root${'x'.repeat(2000)}`
    const sender = 'gr\u00fc\u00dfe\u{1f600}@stranger.example'
    const recipients = Array.from({ length: 1000 }, (_, i) => `u${i}@example.org`)
    await rspamd([server.url]).scan(request({ helo, sender, recipients }))
    const [asked] = server.asked
    expect(asked?.headers['user']).toBeUndefined()
    expect(asked?.headers['helo']).toMatch(/^evil\?\?User: rootx+$/)
    expect(asked?.headers['helo']).toHaveLength(320)
    expect(Buffer.from(asked?.headers['from'] ?? '', 'latin1').toString('utf8')).toBe(`<${sender}>`)
    expect(asked?.recipients).toHaveLength(100)
  })

  test('a large body is read as it is sent, octet for octet', async () => {
    const server = await fake()
    const piece = Buffer.alloc(64 * 1024, 'large body\r\n')
    let read = 0
    let most = 0
    let taken = 0
    server.answer = (asked, response) => {
      asked.on('data', (chunk: Buffer) => {
        taken += chunk.length
        most = Math.max(most, read - taken)
      })
      asked.on('end', () => response.end(JSON.stringify(clean)))
    }
    const pieces = 400
    const openBody = () =>
      Readable.from(
        (function* () {
          for (let i = 0; i < pieces; i++) {
            read += piece.length
            yield piece
          }
        })(),
        { objectMode: false },
      )
    const content = { header: Buffer.from('\r\n'), bodySize: pieces * piece.length, openBody }
    expect(await rspamd([server.url]).scan(request({ content }))).toMatchObject({ kind: 'scanned' })
    expect(taken).toBe(pieces * piece.length + 2)
    // What waits in sockets and streams, not the 25 MB of the mail.
    expect(most).toBeLessThan(16 * 1024 * 1024)
  })
})

describe('what an answer means', () => {
  test.each([
    'no action',
    'greylist',
    'add header',
    'rewrite subject',
    'soft reject',
    'reject',
    'quarantine',
    'discard',
  ])('%s', async (action) => {
    expect(await found(scanned(action, 7.25))).toMatchObject({ kind: 'scanned', action, named: action, score: 7.25 })
  })

  test('an unknown action is "other", with its name', async () => {
    expect(await found(scanned('tarpit\r\nlong', 3))).toMatchObject({ action: 'other', named: 'tarpit long' })
  })

  test('symbols come by weight, whatever their sign', async () => {
    const symbols = { A: { score: 0.5 }, B: { score: -4 }, C: { score: 2 }, D: { score: 'x' }, E: null }
    expect(await found({ ...clean, symbols })).toMatchObject({
      symbols: [
        { name: 'B', score: -4 },
        { name: 'C', score: 2 },
        { name: 'A', score: 0.5 },
      ],
    })
  })

  test('its words are one line of ASCII', async () => {
    const messages = { smtp_message: `Gtube\r\n250 ok \u00fc${'x'.repeat(900)}`, other: 'x' }
    const finding = await found(scanned('reject', 20, { messages }))
    expect(finding).toMatchObject({ message: expect.stringMatching(/^Gtube 250 ok x+$/) })
    expect(finding.kind === 'scanned' && finding.message).toHaveLength(400)
  })

  test('score and threshold are numbers; the second may be missing', async () => {
    expect(await found({ action: 'no action', score: -1.5 })).toEqual({
      kind: 'scanned',
      action: 'no action',
      named: 'no action',
      score: -1.5,
      required: null,
      symbols: [],
      message: null,
    })
  })
})

describe('unavailable is', () => {
  const text =
    (body: string, status = 200): FakeAnswer =>
    (asked, response) => {
      asked.resume().on('end', () => {
        response.statusCode = status
        response.end(body)
      })
    }

  test.each([
    ['no JSON', text('<html>'), 'no JSON object'],
    ['an empty answer', text(''), 'no JSON object'],
    ['a list', text('[]'), 'no JSON object'],
    ['no action', text('{"score": 1}'), 'no action'],
    ['no score', text('{"action": "reject"}'), 'no score'],
    ['a score that is none', text('{"action": "reject", "score": "high"}'), 'no score'],
    ['a wrong password', text('{"error": "Unauthorized"}', 403), 'HTTP status 403'],
    ['a busy server', text('', 503), 'HTTP status 503'],
    ['a redirection', text(JSON.stringify(clean), 302), 'HTTP status 302'],
    ['an endless answer', text('x'.repeat(MAX_ANSWER_OCTETS + 1)), 'an answer of more than 1048576 octets'],
    [
      'a closed connection',
      ((asked) => void asked.resume().on('end', () => asked.socket.destroy())) as FakeAnswer,
      'socket hang up',
    ],
    [
      'an answer that breaks off',
      ((asked, response) => {
        response.setHeader('Content-Length', '1000')
        response.write('{"action": "no action", "score": 0}')
        setTimeout(() => asked.socket.destroy(), 20)
      }) as FakeAnswer,
      'aborted',
    ],
  ])('%s', async (_, answer, cause) => {
    const finding = await found(answer)
    expect(finding).toEqual({ kind: 'unavailable', cause: expect.stringContaining(cause) })
    expect(finding).toMatchObject({ cause: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+: /) })
  })

  test('silence beyond the time limit', async () => {
    expect(await found(() => undefined, { timeoutMs: 60 })).toMatchObject({
      cause: expect.stringContaining('no answer within 60 ms'),
    })
  })

  test('an answer that drips beyond it', async () => {
    const drip: FakeAnswer = (_, response) => {
      const timer = setInterval(() => response.write(' '), 10)
      response.on('close', () => clearInterval(timer))
    }
    expect(await found(drip, { timeoutMs: 100 })).toMatchObject({ kind: 'unavailable' })
  })

  test('a closed port and a missing socket', async () => {
    const server = await fake()
    await server.close()
    expect(await rspamd([server.url]).scan(request())).toMatchObject({ cause: expect.stringContaining('ECONNREFUSED') })
    expect(await rspamd(['unix:/nowhere/rspamd.sock']).scan(request())).toMatchObject({
      cause: expect.stringContaining('ENOENT'),
    })
  })

  test('a body that cannot be read', async () => {
    const server = await fake()
    const openBody = () =>
      new Readable({
        read() {
          this.destroy(new Error('disk'))
        },
      })
    const content = { header: Buffer.from('\r\n'), bodySize: 100, openBody }
    expect(await rspamd([server.url]).scan(request({ content }))).toMatchObject({
      cause: expect.stringContaining('disk'),
    })
  })
})

test('an answer before the mail is sent to its end counts', async () => {
  const early: FakeAnswer = (_, response) => void response.end(JSON.stringify(scanned('reject', 20)))
  const server = await fake(early)
  const content = contentOf(Buffer.alloc(20 * 1024 * 1024, 'x'))
  expect(await rspamd([server.url]).scan(request({ content }))).toMatchObject({ action: 'reject' })
})

describe('connections', () => {
  test('are kept', async () => {
    const server = await fake()
    const client = rspamd([server.url])
    for (let i = 0; i < 3; i++) await client.scan(request())
    expect(server.asked.map((one) => one.connection)).toEqual([1, 1, 1])
  })

  test('that the other end has closed cost no answer', async () => {
    const server = await fake()
    const client = rspamd([server.url])
    for (let i = 0; i < 5; i++) {
      expect(await client.scan(request())).toMatchObject({ kind: 'scanned' })
      server.dropIdle()
    }
    expect(server.asked).toHaveLength(5)
  })

  test('go to a unix socket where that is configured', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'waypost-rspamd-'))
    try {
      const server = await fake(scanned('add header', 7), join(folder, 'worker.sock'))
      expect(await rspamd([server.url]).scan(request())).toMatchObject({ action: 'add header' })
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

describe('several URLs', () => {
  const broken: FakeAnswer = (asked) => void asked.socket.destroy()

  test('are tried in turn, with every cause where none answers', async () => {
    const [first, second] = [await fake(broken), await fake(scanned('reject', 16))]
    expect(await rspamd([first.url, second.url]).scan(request())).toMatchObject({ action: 'reject' })
    second.answer = broken
    const finding = await rspamd([first.url, second.url]).scan(request())
    expect(finding).toMatchObject({ cause: expect.stringContaining(`${first.url}: `) })
    expect(finding).toMatchObject({ cause: expect.stringContaining(`; ${second.url}: `) })
  })

  test('one that failed is asked last for a while, then first again', async () => {
    let dials = 0
    const first = await fake((asked) => {
      dials++
      asked.socket.destroy()
    })
    const second = await fake()
    const client = rspamd([first.url, second.url])
    await client.scan(request())
    await client.scan(request())
    expect(dials).toBe(1)
    first.answer = clean
    elapsed += 30_000
    await client.scan(request())
    expect(first.asked).toHaveLength(1)
    expect(second.asked).toHaveLength(2)
  })

  test('a ping reports the URLs that do not answer', async () => {
    const [first, second] = [await fake(), await fake()]
    const client = rspamd([first.url, second.url])
    expect(await client.ping()).toEqual([])
    await second.close()
    expect(await client.ping()).toEqual([expect.stringContaining(`${second.url}: `)])
  })
})
