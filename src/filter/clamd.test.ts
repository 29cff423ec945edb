// clamd's protocol from our side: what is sent, what each reply means, and that whatever else happens is "unavailable", in time.

import { mkdtempSync, rmSync } from 'node:fs'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterEach, describe, expect, test } from 'vitest'
import { type FakeClamd, type FakeVerdict, startFakeClamd } from '../../test/lib/fake-clamd.ts'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import { contentOf } from '../../test/lib/message.ts'
import { until } from '../../test/lib/until.ts'
import { createBudgets } from '../budget/budgets.ts'
import { type Clock, systemClock } from '../lib/clock.ts'
import type { Content } from '../message/content.ts'
import { type Clamd, type ClamdSettings, createClamd } from './clamd.ts'
import { MAX_REPLY_OCTETS, SILENCE_MS } from './clamd-exchange.ts'
import type { VirusRequest } from './virus-scan.ts'

/** In front of each message, so that clamd recognizes it as mail. */
const MARK = 'Received: from client by waypost\r\n'

const toClose: { close(): unknown }[] = []
afterEach(async () => {
  for (const one of toClose.splice(0)) await one.close()
})

/** Real timers, because the server answers over real sockets; `elapsed` moves the monotonic clock. */
let elapsed = 0
const realClock: Clock = { ...systemClock, monotonic: () => systemClock.monotonic() + elapsed }

async function fake(verdict?: FakeVerdict, socket: string | null = null): Promise<FakeClamd> {
  const server = await startFakeClamd(verdict, socket)
  toClose.push(server)
  return server
}

function clamd(servers: readonly string[], change: Partial<ClamdSettings> = {}, clock = realClock): Clamd {
  const settings = { servers, timeoutMs: 5_000, maxSize: 30 * 1024 * 1024, ...change }
  return createClamd(settings, { clock, budgets: createBudgets(clock) })
}

function request(change: Partial<VirusRequest> = {}): VirusRequest {
  return { remoteIp: '192.0.2.1', account: null, content: letter('Hello\r\n'), ...change }
}

function letter(body: string | Buffer): Content {
  return contentOf({ header: Buffer.from('Subject: Hello\r\n\r\n'), body: Buffer.from(body) })
}

/** One scan by one server with this answer. */
async function found(verdict: FakeVerdict, change: Partial<ClamdSettings> = {}) {
  const server = await fake(verdict)
  return clamd([server.name], change).scan(request())
}

/** Answers at once, before the message has arrived. */
const early = (reply: string) => (socket: Socket) => void socket.resume().write(reply)
const deaf = (socket: Socket) => void socket.pause()
const broken = (socket: Socket) => void socket.destroy()

describe('what is sent', () => {
  test('is the whole message, octet for octet, behind a field that every mail begins with', async () => {
    const server = await fake()
    expect(await clamd([server.name]).scan(request())).toEqual({ kind: 'clean', server: server.name })
    expect(server.commands).toEqual(['zINSTREAM'])
    expect(server.messages[0]?.toString()).toBe(`${MARK}Subject: Hello\r\n\r\nHello\r\n`)
  })

  test('has no chunk of length zero before its end', async () => {
    const server = await fake()
    const openBody = () => Readable.from([Buffer.from('a'), Buffer.alloc(0), Buffer.from('b')])
    await clamd([server.name]).scan(request({ content: { header: Buffer.alloc(0), bodySize: 2, openBody } }))
    expect(server.messages[0]?.toString()).toBe(`${MARK}ab`)
  })

  test('goes through a Unix socket', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'waypost-clamd-'))
    try {
      const server = await fake('stream: Eicar FOUND', join(folder, 'clamd.ctl'))
      expect(await clamd([server.name]).scan(request())).toMatchObject({ kind: 'infected' })
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  test('is read no faster than the server takes it', async () => {
    const piece = Buffer.alloc(64 * 1024, 'large body\r\n')
    const pieces = 400
    // Each chunk has a length of four octets before it: the mark, the header section, the pieces and the end.
    const whole = 4 + MARK.length + 4 + 2 + pieces * (4 + piece.length) + 4
    let read = 0
    let taken = 0
    let most = 0
    const server = await fake((socket) => {
      socket.on('data', (chunk: Buffer) => {
        taken += chunk.length
        most = Math.max(most, read - taken)
        if (taken >= whole) socket.end('stream: OK\0')
      })
    })
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
    expect(await clamd([server.name]).scan(request({ content }))).toMatchObject({ kind: 'clean' })
    // What waits in sockets and streams, not the 25 MB of the message.
    expect(most).toBeLessThan(16 * 1024 * 1024)
  })

  test('is nothing of a message above the limit', async () => {
    const server = await fake()
    expect(await clamd([server.name], { maxSize: 24 }).scan(request())).toEqual({
      kind: 'unscanned',
      cause: '25 octets, more than the 24 of clamav.max_size',
    })
    expect(server.commands).toEqual([])
    expect(await clamd([server.name], { maxSize: 25 }).scan(request())).toMatchObject({ kind: 'clean' })
  })
})

describe('what a reply means', () => {
  test('a name', async () => {
    expect(await found('stream: Win.Test.EICAR_HDB-1 FOUND')).toMatchObject({ name: 'Win.Test.EICAR_HDB-1' })
    expect(await found('stream: A(44d88612fea8a8f36de82e1278abb02f:68) FOUND')).toMatchObject({
      name: 'A(44d88612fea8a8f36de82e1278abb02f:68)',
    })
  })

  test('a hostile name is one short line of ASCII, and still a virus', async () => {
    const hostile = await found(`stream: a\r\n250 ok \u001b[31m${'x'.repeat(900)} FOUND`)
    expect(hostile).toMatchObject({ kind: 'infected', name: expect.stringMatching(/^a 250 ok \[31mx+$/) })
    expect(hostile.kind === 'infected' && hostile.name).toHaveLength(200)
    expect(await found('stream: \u0001\u0002 FOUND')).toMatchObject({ kind: 'infected', name: 'unnamed' })
    expect(await found('stream: OK FOUND')).toMatchObject({ kind: 'infected', name: 'OK' })
  })

  test('a virus that is found before the end of the message', async () => {
    expect(await found(early('stream: Eicar FOUND\0'))).toMatchObject({ kind: 'infected' })
  })

  test('the size limit of the server, also while the message is sent', async () => {
    const reply = 'INSTREAM size limit exceeded. ERROR'
    expect(await found(reply)).toMatchObject({
      kind: 'unscanned',
      cause: expect.stringContaining('StreamMaxLength of clamd at 127.0.0.1:'),
    })
    expect(await found((socket) => void socket.end(`${reply}\0`))).toMatchObject({ kind: 'unscanned' })
  })
})

describe('unavailable is', () => {
  test.each<[string, FakeVerdict, string]>([
    ['an error', 'stream: Can\u0001t allocate memory ERROR', 'Can t allocate memory ERROR'],
    ['an empty reply', '', 'its reply cannot be read: '],
    ['a reply to another command', 'PONG', 'its reply cannot be read: PONG'],
    ['OK in other words', 'stream: ok', 'its reply cannot be read'],
    ['OK with more behind it', 'stream: OK\nstream: OK', 'its reply cannot be read'],
    ['an unknown command', 'UNKNOWN COMMAND', 'its reply cannot be read: UNKNOWN COMMAND'],
    ['a reply without its end', (socket) => void socket.end('stream: OK'), 'closed the connection without a reply'],
    ['an endless reply', early('x'.repeat(MAX_REPLY_OCTETS + 1)), 'a reply of more than 4096 octets'],
    ['a closed connection', broken, 'closed the connection without a reply|ECONNRESET|EPIPE'],
  ])('%s', async (_, verdict, cause) => {
    const finding = await found(verdict)
    expect(finding).toEqual({ kind: 'unavailable', cause: expect.stringMatching(new RegExp(`^127.*: .*(${cause})`)) })
  })

  test('OK before the whole message has been sent', async () => {
    const server = await fake(early('stream: OK\0'))
    const content = letter(Buffer.alloc(20 * 1024 * 1024, 'x'))
    expect(await clamd([server.name]).scan(request({ content }))).toMatchObject({
      cause: expect.stringContaining('before the end of the message'),
    })
  })

  test('silence beyond the time limit, and a reply that drips beyond it', async () => {
    expect(await found((socket) => void socket.resume(), { timeoutMs: 60 })).toMatchObject({
      cause: expect.stringContaining('no reply within 60 ms'),
    })
    const drip = (socket: Socket) => {
      const timer = setInterval(() => socket.write('x'), 10)
      socket.resume().on('close', () => clearInterval(timer))
    }
    expect(await found(drip, { timeoutMs: 100 })).toMatchObject({ kind: 'unavailable' })
  })

  test('a server that stops taking the message', async () => {
    const clock = createFakeClock()
    const server = await fake(deaf)
    const content = letter(Buffer.alloc(20 * 1024 * 1024, 'x'))
    const scan = clamd([server.name], { timeoutMs: 10 * SILENCE_MS }, clock).scan(request({ content }))
    let finding: unknown = null
    void scan.then((value) => (finding = value))
    await until(
      async () => {
        await clock.advance(SILENCE_MS)
        return finding !== null
      },
      { what: 'the scan to end' },
    )
    expect(finding).toMatchObject({ cause: expect.stringContaining(`it took nothing for ${SILENCE_MS} ms`) })
  })

  test('a closed port and a missing socket', async () => {
    const server = await fake()
    await server.close()
    const finding = await clamd([server.name, 'unix:/nowhere/clamd.ctl']).scan(request())
    expect(finding).toMatchObject({ cause: expect.stringContaining('ECONNREFUSED') })
    expect(finding).toMatchObject({ cause: expect.stringContaining('unix:/nowhere/clamd.ctl: connect ENOENT') })
  })
})

test('a body that cannot be read is an error of the node, not of the server', async () => {
  const server = await fake()
  const openBody = () =>
    new Readable({
      read() {
        this.destroy(new Error('disk'))
      },
    })
  const client = clamd([server.name])
  const content = { header: Buffer.from('\r\n'), bodySize: 100, openBody }
  await expect(client.scan(request({ content }))).rejects.toThrow('disk')
  expect(await client.scan(request())).toMatchObject({ kind: 'clean' })
  expect(server.commands).not.toContain('zPING')
})

describe('several servers', () => {
  test('take turns', async () => {
    const servers = [await fake(), await fake()]
    const client = clamd(servers.map(({ name }) => name))
    for (let i = 0; i < 4; i++) await client.scan(request())
    expect(servers.map(({ messages }) => messages.length)).toEqual([2, 2])
  })

  test('get a message once each when they fail, and every cause is reported', async () => {
    const [first, second] = [await fake(broken), await fake(broken)]
    const client = clamd([first.name, second.name])
    const finding = await client.scan(request())
    expect(finding).toMatchObject({ cause: expect.stringContaining(`${first.name}: `) })
    expect(finding).toMatchObject({ cause: expect.stringContaining(`; ${second.name}: `) })
    expect([first.commands, second.commands]).toEqual([['zINSTREAM'], ['zINSTREAM']])
    second.verdict = 'stream: Eicar FOUND'
    expect(await client.scan(request())).toMatchObject({ kind: 'infected' })
  })

  test('one that failed comes last for a while, and then has to answer PING first', async () => {
    const [first, second] = [await fake(broken), await fake()]
    const client = clamd([first.name, second.name])
    for (let i = 0; i < 4; i++) expect(await client.scan(request())).toMatchObject({ server: second.name })
    expect(first.commands).toEqual(['zINSTREAM'])
    first.verdict = 'stream: OK'
    elapsed += 30_000
    for (let i = 0; i < 2; i++) await client.scan(request())
    expect(first.commands).toEqual(['zINSTREAM', 'zPING', 'zINSTREAM'])
  })

  test('a stuck one costs all waiting messages one PING, not its time limit', async () => {
    const server = await fake(broken)
    const client = clamd([server.name])
    await client.scan(request())
    server.pong = 'BUSY'
    const findings = await Promise.all(
      Array.from({ length: 10 }, (_, i) => client.scan(request({ remoteIp: `192.0.${i}.1` }))),
    )
    for (const finding of findings)
      expect(finding).toMatchObject({ cause: expect.stringContaining('PING: its reply cannot be read: BUSY') })
    expect(server.commands).toEqual(['zINSTREAM', 'zPING'])
  })

  test('a ping reports those that do not answer', async () => {
    const [first, second] = [await fake(), await fake()]
    const client = clamd([first.name, second.name])
    expect(await client.ping()).toEqual([])
    second.pong = 'PONG, nearly'
    expect(await client.ping()).toEqual([expect.stringContaining(`${second.name}: PING: its reply cannot be read`)])
    await second.close()
    expect(await client.ping()).toEqual([expect.stringContaining('ECONNREFUSED')])
  })
})

describe('the budgets', () => {
  const slowly = async () => {
    const held: Socket[] = []
    const server = await fake((socket) => void held.push(socket.resume()))
    const budgets = createBudgets(realClock)
    const used = (name: string) => budgets.usage().find((one) => one.name === name)?.used
    const client = (timeoutMs: number) =>
      createClamd({ servers: [server.name], timeoutMs, maxSize: 1000 }, { clock: realClock, budgets })
    return { held, used, client, server }
  }

  test('a client has four scans at a time, the others of its messages wait, and those of others do not', async () => {
    const { held, used, client } = await slowly()
    const clamd = client(60_000)
    const scans = Array.from({ length: 51 }, () => clamd.scan(request()))
    expect(await scans[50]).toEqual({ kind: 'busy', cause: 'too many messages are scanned: client' })
    await until(() => held.length === 4, { what: 'the first to reach the server' })
    const other = clamd.scan(request({ remoteIp: '198.51.100.1' }))
    const user = clamd.scan(request({ account: 'user:lee' }))
    await until(() => held.length === 6, { what: 'those of others to reach the server' })
    let done = 0
    const answer = () => {
      for (const socket of held.splice(0)) {
        done++
        socket.end('stream: OK\0')
      }
      return done === 52
    }
    await until(answer, { what: 'all to be scanned', every: 1 })
    expect((await Promise.all([...scans, other, user])).filter(({ kind }) => kind === 'clean')).toHaveLength(52)
    expect([used('virusScans'), used('runningVirusScans')]).toEqual([0, 0])
  })

  test('a message that waits too long is busy, never unavailable', async () => {
    const { used, client } = await slowly()
    const clamd = client(80)
    const scans = await Promise.all(Array.from({ length: 20 }, () => clamd.scan(request())))
    expect(scans.some(({ kind }) => kind === 'busy')).toBe(true)
    expect([used('virusScans'), used('runningVirusScans')]).toEqual([0, 0])
  })
})
