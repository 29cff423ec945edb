// DATA: size, pace, dots, and broken connections (RFC 5321 4.1.1.4, 4.5.2, RFC 1870).

import type { Readable } from 'node:stream'
import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { SmtpDialogue } from '../../test/lib/smtp-dialogue.ts'
import { startTestListener, type TestListener, type TestListenerOptions } from '../../test/lib/test-listener.ts'
import { admitted, readAll } from '../../test/lib/scripted-hooks.ts'
import { HOP_OCTETS } from '../message/header-limits.ts'
import { MessageInterrupted } from './interruption.ts'

let server: TestListener
afterEach(async () => {
  await server.close()
  expect(server.bugs).toEqual([])
})

async function inData(options?: TestListenerOptions): Promise<SmtpDialogue> {
  server = await startTestListener(options)
  return again()
}

async function again(): Promise<SmtpDialogue> {
  const client = await server.greeted()
  await client.pipeline(['MAIL FROM:<>', 'RCPT TO:<a@example.org>', 'DATA'], ['250', '250', '354'])
  return client
}

const contents = () => server.messages.map(({ content }) => content.toString('latin1'))

describe('size', () => {
  it('allows exactly the limit', async () => {
    const client = await inData({ limits: { messageSize: 1000 } })
    client.write(`${'x'.repeat(998)}\r\n.\r\n`)
    await client.expect(null, '250')
  })

  it('allows a fleet node the trace fields that it added: it must be able to relay what it accepted', async () => {
    const origin = { kind: 'peer', role: 'mx', vouched: 'nothing' } as const
    server = await startTestListener({
      limits: { messageSize: 1000 },
      hooks: { connect: async () => admitted({ origin }) },
    })
    const client = await server.greeted()
    expect(client.received).toContain(`SIZE ${1000 + HOP_OCTETS}`)
    await client.expect(`MAIL FROM:<> SIZE=${1001 + HOP_OCTETS}`, '552 5.3.4')
    for (const [octets, code] of [
      [1000 + HOP_OCTETS, '250'],
      [1001 + HOP_OCTETS, '552 5.3.4'],
    ] as const) {
      await client.pipeline(['MAIL FROM:<>', 'RCPT TO:<a@example.org>', 'DATA'], ['250', '250', '354'])
      client.write(`${'x'.repeat(octets - 2)}\r\n.\r\n`)
      await client.expect(null, code)
    }
  })

  it('replies 552 after the end of data and continues the session', async () => {
    const client = await inData({ limits: { messageSize: 1000 } })
    client.write(`${'x'.repeat(999)}\r\n`)
    await vi.waitFor(() => expect(server.broken).toHaveLength(0))
    client.write('.\r\nNOOP\r\n')
    await client.expect(null, '552 5.3.4')
    await client.expect(null, '250')
    expect(server.messages).toEqual([])
    expect(server.broken).toMatchObject([{ kind: 'too-large' }])
  })

  it('closes at twice the limit', async () => {
    const client = await inData({ limits: { messageSize: 1000 } })
    client.write('x'.repeat(3000))
    await client.expect(null, '552 5.3.4')
    client.write('\r\n.\r\nNOOP\r\n')
    await client.closed()
    expect(client.received).not.toMatch(/250 2\.0\.0 OK/)
    expect(server.messages).toEqual([])
  })

  it('never lets a hook accept a message that was too large', async () => {
    const careless = async (_session: unknown, _transaction: unknown, stream: Readable) => {
      await readAll(stream).catch(() => {})
      return { code: 250, enhanced: '2.0.0', text: 'Fine' }
    }
    const client = await inData({ limits: { messageSize: 1000 }, hooks: { data: careless } })
    client.write(`${'x'.repeat(1500)}\r\n.\r\n`)
    await client.expect(null, '552 5.3.4')
    expect(server.bugs).toHaveLength(1)
    server.bugs.length = 0
  })

  it('never lets a hook accept what it did not read', async () => {
    const careless = async () => ({ code: 250, enhanced: '2.0.0', text: 'Fine' })
    const client = await inData({ hooks: { data: careless } })
    client.write('Subject: x\r\n\r\n.\r\n')
    await client.expect(null, '451 4.3.0')
    expect(server.bugs).toHaveLength(1)
    server.bugs.length = 0
  })

  it('reads a message to its end if the hook refuses it at once', async () => {
    const refusing = async () => ({ code: 550, enhanced: '5.7.1', text: 'No' })
    const client = await inData({ hooks: { data: refusing } })
    client.write(`${'MAIL FROM:<x@example.net>\r\n'.repeat(20_000)}.\r\nNOOP\r\n`)
    await client.expect(null, '550 5.7.1')
    await client.expect(null, '250 2.0.0')
    expect(server.calls.filter((call) => call.startsWith('mail'))).toEqual(['mail <>'])
  })
})

describe('framing', () => {
  const ending = '\r\n.\r\n'
  it.each([
    ['abc\r\n', 'abc\r\n'],
    ['', ''],
    ['..\r\n', '.\r\n'],
    ['.x\r\n..y\r\n', 'x\r\n.y\r\n'],
    ['a\r\n...\r\n', 'a\r\n..\r\n'],
  ])('%j', async (sent, content) => {
    const client = await inData()
    client.write(`${sent}.\r\n`)
    await client.expect(null, '250')
    expect(contents()).toEqual([content])
  })

  it.each([
    '\n.\n',
    '\n.\r\n',
    '\r.\r\n',
    '\r\n.\n',
    '\r.\r',
    '\r\n.\r',
    '\r\n\0.\r\n',
    '\r\n.\0\r\n',
    '\r\n.\r\r\n',
    '\r\n. \r\n',
    '\r\n.\t\r\n',
    '\r\n.\v\r\n',
    '\r\n .\r\n',
    '\r\r\n.\r\r\n',
    '\n\n.\r\n',
    '\n\r.\r\n',
    '\n.\r',
    '\r.\n',
    '\x85.\x85',
    '\r\n.\x85\r\n',
    '\xe2\x80\xa8.\xe2\x80\xa8',
    '\r\n..\r\n',
  ])('does not end at %j for any split of the stream', async (sequence) => {
    const client = await inData()
    const smuggled = 'MAIL FROM:<evil@example.net>\r\nRCPT TO:<v@example.org>\r\nDATA\r\nowned'
    const octets = Buffer.from(`one${sequence}${smuggled}${ending}`, 'latin1')
    client.write(octets)
    await client.expect(null, '250')
    for (let cut = 1; cut < 12; cut++) {
      await client.pipeline(['MAIL FROM:<>', 'RCPT TO:<a@example.org>', 'DATA'], ['250', '250', '354'])
      client.write(octets.subarray(0, cut))
      await new Promise((resolve) => setImmediate(resolve))
      client.write(octets.subarray(cut))
      await client.expect(null, '250')
    }
    expect(server.calls.some((call) => call.includes('evil'))).toBe(false)
    expect(server.messages).toHaveLength(12)
    expect(new Set(contents()).size).toBe(1)
    expect(contents()[0]).toContain('MAIL FROM:<evil@example.net>')
  })

  it('removes the dots that a client adds, for any content and any split', async () => {
    const client = await inData()
    await client.expect('.', '250')
    const line = fc.string({ unit: fc.constantFrom('.', 'a', ' ', '\t', '\0', '\u00e9'), maxLength: 6 })
    await fc.assert(
      fc.asyncProperty(
        fc.array(line, { maxLength: 8 }),
        fc.array(fc.nat(40), { maxLength: 3 }),
        async (lines, cuts) => {
          const content = lines.map((each) => `${each}\r\n`).join('')
          const stuffed = Buffer.from(`${content.replace(/^\./gm, '..')}.\r\n`)
          await client.pipeline(['MAIL FROM:<>', 'RCPT TO:<a@example.org>', 'DATA'], ['250', '250', '354'])
          let from = 0
          for (const cut of [...cuts.toSorted((a, b) => a - b), stuffed.length]) {
            if (cut > from) client.write(stuffed.subarray(from, cut))
            from = Math.max(from, cut)
            await new Promise((resolve) => setImmediate(resolve))
          }
          await client.expect(null, '250')
          expect(server.messages.at(-1)?.content.toString()).toBe(content)
        },
      ),
      { numRuns: 60 },
    )
  })

  it('passes 40 000 folded header lines unchanged', async () => {
    const client = await inData()
    const content = `X-Long: x\r\n${' folded\r\n'.repeat(40_000)}\r\nbody\r\n`
    client.write(`${content}.\r\n`)
    await client.expect(null, '250')
    expect(contents()).toEqual([content])
  })

  it('passes NUL, 8-bit octets and a very long line unchanged', async () => {
    const client = await inData()
    const octets = Buffer.alloc(300_000)
    for (let i = 0; i < octets.length; i++) octets[i] = i % 256 === 10 || i % 256 === 13 ? 65 : i % 256
    client.write(Buffer.concat([octets, Buffer.from('\r\n.\r\n')]))
    await client.expect(null, '250')
    expect(server.messages[0]?.content.subarray(0, octets.length).equals(octets)).toBe(true)
  })
})

describe('pace', () => {
  it('ends silence', async () => {
    const client = await inData({ limits: { dataIdleMs: 80 } })
    client.write('Subject: x\r\n')
    await client.expect(null, '421 4.4.2')
    await client.closed()
    await vi.waitFor(() => expect(server.broken).toMatchObject([{ kind: 'too-slow' }]))
    expect(server.messages).toEqual([])
  })

  it('ends a client that sends octet by octet', async () => {
    const client = await inData({ limits: { dataGraceMs: 60, dataRate: 100_000, dataIdleMs: 400 } })
    const drip = setInterval(() => client.write('x'), 10)
    await client.expect(null, '421 4.4.2')
    clearInterval(drip)
    await client.closed()
  })

  it('ends a message that takes longer than the limit for the whole', async () => {
    const client = await inData({ limits: { dataMs: 100, dataRate: 0 } })
    const drip = setInterval(() => client.write('x\r\n'), 10)
    await client.expect(null, '421 4.4.2')
    clearInterval(drip)
  })

  it('does not count the time of a slow hook', async () => {
    const slowly = async (_session: unknown, _transaction: unknown, stream: Readable) => {
      await new Promise((resolve) => setTimeout(resolve, 1500))
      await readAll(stream)
      return { code: 250, enhanced: '2.0.0', text: 'Late' }
    }
    const client = await inData({ hooks: { data: slowly }, limits: { dataIdleMs: 600, dataMs: 900, dataGraceMs: 300 } })
    client.write(`${'x'.repeat(500_000)}\r\n.\r\n`)
    await client.expect(null, '250')
  })
})

describe('a broken connection', () => {
  it.each(['reset', 'end'] as const)('by %s in the middle of the message: the hook gets a typed error', async (how) => {
    const client = await inData()
    client.write('Subject: half')
    await vi.waitFor(() => expect(server.calls).toContain('data'))
    client[how]()
    await vi.waitFor(() => expect(server.broken).toHaveLength(1))
    expect(server.broken[0]).toBeInstanceOf(MessageInterrupted)
    expect(server.broken).toMatchObject([{ kind: 'disconnected' }])
    expect(server.messages).toEqual([])
    await vi.waitFor(() => expect(server.listener.sessions()).toBe(0))
  })

  it('after a part of the final dot: no message is accepted', async () => {
    for (const part of ['\r\n', '\r\n.', '\r\n.\r']) {
      const client = server ? await freshData() : await inData()
      client.write(`body${part}`)
      await vi.waitFor(() => expect(server.calls).toContain('data'))
      client.end()
      await vi.waitFor(() => expect(server.broken).toHaveLength(1))
      expect(server.messages).toEqual([])
    }
  })

  async function freshData(): Promise<SmtpDialogue> {
    await server.close()
    return inData()
  }

  it('after the end of data: the message is accepted, the reply is lost, and the log says so', async () => {
    let finish: () => void = () => {}
    const waiting = new Promise<void>((resolve) => {
      finish = resolve
    })
    const data = async (_session: unknown, _transaction: unknown, stream: Readable) => {
      await readAll(stream)
      await waiting
      return { code: 250, enhanced: '2.0.0', text: 'Taken' }
    }
    const client = await inData({ hooks: { data } })
    client.write('x\r\n.\r\n')
    await new Promise((resolve) => setTimeout(resolve, 30))
    client.reset()
    await vi.waitFor(() => expect(server.listener.sessions()).toBe(0))
    finish()
    await vi.waitFor(() =>
      expect(server.notices.map(({ message }) => message).join()).toMatch(/disconnected before the reply/),
    )
  })

  it('ends a session whose hook never reads', async () => {
    const client = await inData({ hooks: { data: () => new Promise(() => {}) }, limits: { sessionMs: 200 } })
    client.write('x'.repeat(1_000_000))
    await new Promise((resolve) => setTimeout(resolve, 30))
    client.reset()
    await vi.waitFor(() => expect(server.listener.sessions()).toBe(0))
  })
})
