// The virus check against a real clamd with its own signature: its protocol as it is spoken, and a whole mx node in front of two of them.

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createBudgets } from '../../src/budget/budgets.ts'
import { createClamd } from '../../src/filter/clamd.ts'
import { type Clock, systemClock } from '../../src/lib/clock.ts'
import { contentOf } from '../lib/message.ts'
import { type ClamdPeer, EICAR_NAME, eicar, STREAM_LIMIT, startClamd } from '../lib/peers/clamd.ts'
import { ensurePeers } from '../lib/peers/ensure.ts'
import type { SmtpPeer } from '../lib/smtp-peer.ts'
import { until } from '../lib/until.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'
import { zipOf } from '../lib/zip.ts'

const CRLF = '\r\n'

interface Letter {
  readonly header: Buffer
  readonly body: Buffer
}

function letter(body: string, fields: readonly string[] = []): Letter {
  const lines = [...fields, 'From: Ann <ann@stranger.example>', 'To: kim@example.org', 'Subject: Hello', 'Date: now']
  return { header: Buffer.from(`${lines.join(CRLF)}${CRLF}${CRLF}`), body: Buffer.from(`${body}${CRLF}`) }
}

const base64 = (octets: Buffer | string) =>
  (
    Buffer.from(octets)
      .toString('base64')
      .match(/.{1,76}/g) ?? []
  ).join(CRLF)

/** A message with one attachment, in base64. `first` are fields above all others. */
function withAttachment(name: string, content: Buffer | string, first: readonly string[] = []): Letter {
  const type = 'Content-Type: multipart/mixed; boundary="b"'
  const part = `Content-Type: application/octet-stream; name="${name}"${CRLF}Content-Transfer-Encoding: base64`
  const text = `--b${CRLF}Content-Type: text/plain${CRLF}${CRLF}See the file.`
  return letter(`${text}${CRLF}--b${CRLF}${part}${CRLF}${CRLF}${base64(content)}${CRLF}--b--`, [
    ...first,
    'MIME-Version: 1.0',
    type,
  ])
}

/** A message that is one file, in base64. */
const file = (name: string, content: string) =>
  letter(base64(content), [
    `Content-Type: application/octet-stream; name="${name}"`,
    'Content-Transfer-Encoding: base64',
  ])

const whole = ({ header, body }: Letter) => Buffer.concat([header, body])

/** The system's clock, and how many timers of this length have expired. */
function countLimits(limitMs: number): { readonly clock: Clock; readonly reached: () => number } {
  let reached = 0
  const after: Clock['after'] = (ms, run) =>
    systemClock.after(ms, () => {
      if (ms === limitMs) reached += 1
      run()
    })
  return { clock: { ...systemClock, after }, reached: () => reached }
}

describe.runIf(ensurePeers(['clamd']))('clamd', () => {
  let first: ClamdPeer
  let second: ClamdPeer

  beforeAll(async () => {
    ;[first, second] = await Promise.all([startClamd(), startClamd()])
  })
  afterAll(async () => void (await Promise.all([first.close(), second.close()])))

  describe('by its own protocol', () => {
    const clamd = (servers: readonly string[], timeoutMs = 10_000, clock: Clock = systemClock) =>
      createClamd({ servers, timeoutMs, maxSize: 20 * STREAM_LIMIT }, { clock, budgets: createBudgets(clock) })
    const scan = (message: Letter, servers: readonly string[] = [first.tcp]) =>
      clamd(servers).scan({ remoteIp: '192.0.2.1', account: null, content: contentOf(message) })

    it.each([
      ['plain', letter(eicar)],
      ['in base64', withAttachment('test.com', eicar)],
      ['in a zip archive', withAttachment('test.zip', zipOf('test.com', Buffer.from(eicar)))],
      // Without the field that the node puts in front, clamd takes neither for mail.
      ['as the whole body in base64, below fields that clamd does not know', file('test.com', eicar)],
      ['below a field with the name of another type', withAttachment('test.com', eicar, ['%PDF-1.4: x'])],
    ])('finds the test file %s, over TCP and its socket', async (_, message) => {
      for (const server of [first.tcp, first.socket])
        expect(await scan(message, [server])).toEqual({ kind: 'infected', name: EICAR_NAME, server })
    })

    it('finds nothing in clean mail, large or empty', async () => {
      const large = letter('A line of a large mail.\r\n'.repeat(80_000))
      for (const message of [letter('A mail.'), withAttachment('a.zip', zipOf('a', Buffer.from('a'))), large])
        expect(await scan(message)).toMatchObject({ kind: 'clean' })
      expect(await scan({ header: Buffer.alloc(0), body: Buffer.alloc(0) })).toMatchObject({ kind: 'clean' })
    })

    it('finds the test file behind megabytes', async () => {
      const body = `${'A line of a large mail.\r\n'.repeat(60_000)}${eicar}`
      expect(await scan(letter(body))).toMatchObject({ kind: 'infected' })
    })

    it('reports a message that is one octet too large for it', async () => {
      for (const server of [first.tcp, first.socket])
        expect(await scan(letter('x'.repeat(STREAM_LIMIT + 1)), [server])).toEqual({
          kind: 'unscanned',
          cause: `larger than StreamMaxLength of clamd at ${server}`,
        })
    })

    it('reports each one that is much too large, also where it resets the connection and its reply is lost', async () => {
      const message = letter('x'.repeat(STREAM_LIMIT + 20_000_000))
      for (let i = 0; i < 20; i++) expect(await scan(message)).toMatchObject({ kind: 'unscanned' })
    })

    it('warns of a limit below that of the node', async () => {
      const ports = { clock: systemClock, budgets: createBudgets(systemClock) }
      const withLimit = (maxSize: number) =>
        createClamd({ servers: [first.tcp, second.socket], timeoutMs: 1000, maxSize }, ports)
      expect(await withLimit(STREAM_LIMIT - 1024).warnings()).toEqual([])
      const text = 'its StreamMaxLength is less than clamav.max_size and 1 KiB'
      expect(await withLimit(STREAM_LIMIT).warnings()).toEqual([`${first.tcp}: ${text}`, `${second.socket}: ${text}`])
    })

    it('answers PING', async () => {
      expect(await clamd([first.tcp, first.socket, second.tcp]).ping()).toEqual([])
    })

    it('many at once', async () => {
      const client = clamd([first.tcp, second.socket])
      const messages = Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? letter('A mail.') : letter(eicar)))
      const found = await Promise.all(
        messages.map((one) => client.scan({ remoteIp: '192.0.2.1', account: null, content: contentOf(one) })),
      )
      expect(found.map(({ kind }) => kind)).toEqual(messages.map((_, i) => (i % 2 === 0 ? 'clean' : 'infected')))
    })

    it('suspended, costs one time limit; then its PING fails, until it continues', async () => {
      const limitMs = 1_000
      const limits = countLimits(limitMs)
      const client = clamd([first.tcp, second.tcp], limitMs, limits.clock)
      const send = () => client.scan({ remoteIp: '192.0.2.1', account: null, content: contentOf(letter(eicar)) })
      first.suspend()
      try {
        expect(await send()).toMatchObject({ kind: 'infected', server: second.tcp })
        for (let i = 0; i < 5; i++) expect(await send()).toMatchObject({ server: second.tcp })
        expect(limits.reached()).toBe(1)
        expect(await client.ping()).toEqual([expect.stringContaining(`${first.tcp}: PING: no reply within 2000 ms`)])
      } finally {
        first.resume()
      }
      expect(await client.ping()).toEqual([])
    })
  })

  describe('behind an mx', () => {
    let world: World
    let mx: WholeNode
    let lists: SmtpPeer

    beforeAll(async () => {
      world = await startWorld()
      lists = await world.destination('lists.example')
      const host = String(world.dns.zone.get('mx.lists.example')?.A)
      mx = await world.node({
        role: 'mx',
        mail: {
          domains: ['example.org'],
          forwards: { kim: 'kim@home.example' },
          transports: { 'list@example.org': `smtp:[${host}]:${world.mxPort}` },
        },
        yaml: { peers: { srs: ['127.0.0.1:9'] }, clamav: { servers: [first.tcp, second.socket], timeout: '1s' } },
      })
    })
    afterEach(async () => {
      first.resume()
      second.resume()
    })
    afterAll(() => world.close())

    let serial = 0
    const send = (message: Letter) => mx.send({ to: ['list@example.org'], message: whole(message) })
    const arrival = async (message: Letter) => {
      const id = `Message-ID: <${++serial}@s.example>`
      const sent = await send({ ...message, header: Buffer.from(`${id}${CRLF}${message.header.toString()}`) })
      expect(sent).toMatchObject({ kind: 'accepted' })
      const isIt = (one: SmtpPeer['messages'][number]) => one.data.includes(id)
      await until(() => lists.messages.some(isIt), { what: `${id} to arrive` })
      return lists.messages.find(isIt)?.data.toString() ?? ''
    }
    const refused = (reply: RegExp) => ({ kind: 'refused', stage: 'send', reply: expect.stringMatching(reply) })
    const restart = async (clamav: Readonly<Record<string, unknown>>) => {
      await mx.stop()
      mx.configure({ clamav })
      await mx.start()
    }

    it('clean mail passes with a mark', async () => {
      expect(await arrival(letter('A mail.'))).toContain('x-virus=pass')
    })

    it.each([
      ['plain', letter(eicar)],
      ['in base64', withAttachment('test.com', eicar)],
      ['in a zip archive', withAttachment('test.zip', zipOf('test.com', Buffer.from(eicar)))],
    ])('a virus %s is refused at the end of data, with its name in ledger and log', async (_, message) => {
      await mx.emptied()
      const before = mx.ledger().length
      expect(await send(message)).toMatchObject(refused(/^550 5\.7\.1 The message contains a virus/))
      expect([mx.queue(), mx.spool()]).toEqual([[], []])
      const isNamed = () =>
        mx.ledger().some((one, i) => i >= before && one.kind === 'rejected' && one.cause.includes(EICAR_NAME))
      await until(isNamed, { what: 'the name in the ledger' })
      await until(() => mx.log().some((line) => line.includes(EICAR_NAME)), { what: 'the name in the log' })
    })

    it('with one of the two killed or suspended, mail is scanned by the other', async () => {
      await first.stop()
      for (let i = 0; i < 2; i++) expect(await send(letter(eicar))).toMatchObject(refused(/^550 5\.7\.1 /))
      await first.start()
      second.suspend()
      for (let i = 0; i < 3; i++) expect(await send(letter(eicar))).toMatchObject(refused(/^550 5\.7\.1 /))
    })

    it('with none left, mail is deferred, a virus too, until one is back', async () => {
      await Promise.all([first.stop(), second.stop()])
      expect(await send(letter('A mail.'))).toMatchObject(refused(/^451 4\.3\.0 The virus scanner does not answer/))
      expect(await send(letter(eicar))).toMatchObject(refused(/^451 4\.3\.0 /))
      await first.start()
      expect(await arrival(letter('A mail.'))).toContain('x-virus=pass')
      expect(await send(letter(eicar))).toMatchObject(refused(/^550 5\.7\.1 /))
    })

    it('or accepted with a mark, where that is configured', async () => {
      await restart({ servers: [first.tcp, second.socket], timeout: '1s', when_down: 'accept' })
      first.suspend()
      const found = await arrival(letter(eicar))
      expect(found).toContain('x-virus=temperror')
      expect(found).not.toContain('x-virus=pass')
      expect(mx.ledger().findLast((one) => one.kind === 'checked' && one.check === 'virus')).toMatchObject({
        result: 'unavailable',
      })
    })

    it('what is larger than the limit is accepted with a mark', async () => {
      await restart({ servers: [first.tcp], max_size: 1000 })
      expect(await arrival(letter(`${eicar}${CRLF}${'A line.\r\n'.repeat(200)}`))).toContain('x-virus=none')
      expect(await send(letter(eicar))).toMatchObject(refused(/^550 5\.7\.1 /))
    })
  })
})
