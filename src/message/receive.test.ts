import { setTimeout as pause } from 'node:timers/promises'
import { PassThrough, Readable } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FROM_OCTETS, HEADER_LINES, HEADER_SECTION_OCTETS, HOP_LINES, HOP_OCTETS } from './header-limits.ts'
import { receiveMessage } from './receive.ts'
import type { ReceiveSettings, Received } from './receive.ts'

const strict: ReceiveSettings = { bareNewline: 'reject', maxSize: 1_000_000 }
const lenient: ReceiveSettings = { bareNewline: 'normalize', maxSize: 1_000_000 }

interface Outcome {
  readonly received: Received
  readonly header: string
  readonly body: string
}

function pieces(text: string, sizes: readonly number[]): Buffer[] {
  const bytes = Buffer.from(text, 'latin1')
  const cut: Buffer[] = []
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length] ?? bytes.length
    cut.push(bytes.subarray(at, at + size))
    at += size
  }
  return cut
}

async function receive(
  text: string,
  settings: ReceiveSettings = strict,
  sizes: readonly number[] = [1 << 16],
): Promise<Outcome> {
  const body: Buffer[] = []
  const source = Readable.from(pieces(text, sizes), { objectMode: false })
  const received = await receiveMessage(source, { write: (chunk) => void body.push(Buffer.from(chunk)) }, settings)
  const header = received.kind === 'ok' ? received.header.toString('latin1') : ''
  if (received.kind === 'ok') expect(received.bodySize).toBe(Buffer.concat(body).length)
  return { received, header, body: Buffer.concat(body).toString('latin1') }
}

function replyOf(outcome: Outcome): string {
  return outcome.received.kind === 'refused'
    ? `${outcome.received.reply.code} ${outcome.received.reply.enhanced}`
    : outcome.received.kind
}

describe('parting header and body', () => {
  test.each([
    ['A: 1\r\nB: 2\r\n\r\nbody\r\n', 'A: 1\r\nB: 2\r\n\r\n', 'body\r\n', false],
    ['A: 1\r\n 2\r\n\r\n', 'A: 1\r\n 2\r\n\r\n', '', false],
    ['A: 1\r\n', 'A: 1\r\n', '', false],
    ['\r\nbody\r\n', '\r\n', 'body\r\n', false],
    ['', '', '', false],
    ['\r\n\r\n', '\r\n', '\r\n', false],
    ['no field here\r\nA: 1\r\n\r\nx\r\n', '\r\n', 'no field here\r\nA: 1\r\n\r\nx\r\n', true],
    [' folded first\r\nA: 1\r\n', '\r\n', ' folded first\r\nA: 1\r\n', true],
    ['>From joe\r\nA: 1\r\n', 'A: 1\r\n', '', false],
    ['From joe Sat Nov 21\r\nA: 1\r\n\r\nx\r\n', 'A: 1\r\n\r\n', 'x\r\n', false],
    ['\r\nA: 1\r\n\r\nx\r\n', 'A: 1\r\n\r\n', 'x\r\n', false],
    ['From joe\r\nno field\r\n', '\r\n', 'From joe\r\nno field\r\n', true],
    ['A: 1\r\noops\r\nFrom: x\r\n\r\ny\r\n', 'A: 1\r\n\r\n', 'oops\r\nFrom: x\r\n\r\ny\r\n', true],
    ['A : obsolete\r\n\r\nx\r\n', 'A : obsolete\r\n\r\n', 'x\r\n', false],
    ['A: 1\r\n \r\nB: 2\r\n\r\nx\r\n', 'A: 1\r\n \r\nB: 2\r\n\r\n', 'x\r\n', false],
    ['A: 1', 'A: 1\r\n', '', false],
    ['A: 1\r\n\r\nno end', 'A: 1\r\n\r\n', 'no end\r\n', false],
  ])('%j', async (text, header, body, separatorAdded) => {
    for (const sizes of [[1 << 16], [1], [3, 1, 7]]) {
      const outcome = await receive(text, strict, sizes)
      expect(outcome).toMatchObject({ header, body, received: { kind: 'ok', separatorAdded } })
    }
  })

  test('loses and invents no byte, however the message is cut', async () => {
    const line = fc.constantFrom(
      'A: 1',
      ' folded',
      'Subject: x',
      'text',
      '',
      '.',
      '..',
      'x'.repeat(300),
      'From\x80: y',
      ':',
      'b\xff\0c',
    )
    const message = fc.array(line, { maxLength: 12 }).map((lines) => lines.map((l) => `${l}\r\n`).join(''))
    const sizes = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 6 })
    await fc.assert(
      fc.asyncProperty(message, sizes, async (text, cut) => {
        const { received, header, body } = await receive(text, strict, cut)
        if (received.kind !== 'ok') throw new Error(received.kind)
        // Empty lines before a field are dropped.
        const whole = /^(?:\r\n)+(?=A: |Subject: )/.test(text) ? text.replace(/^(?:\r\n)+/, '') : text
        if (received.separatorAdded) expect(header.slice(0, -2) + body).toBe(whole)
        else expect(header + body).toBe(whole)
        expect(await receive(text, strict)).toEqual({ received, header, body })
      }),
    )
  })
})

describe('bare CR and LF', () => {
  const smuggling = [
    '\n.\n',
    '\n.\r\n',
    '\r.\r\n',
    '\r\n.\n',
    '\r.\r',
    '\r\n.\r',
    '\n\n.\r\n',
    '\r.\n',
    '\n\r.\r\n',
    '\r\n.\r\r\n',
    '\r\r\n.\r\r\n',
  ]
  const message = (sequence: string) => `Subject: x\r\n\r\nfirst${sequence}MAIL FROM:<evil@example.net>\r\nend\r\n`

  test.each(smuggling)('%j is refused or repaired at every cut, in body and header', async (sequence) => {
    const text = message(sequence)
    for (let cut = 1; cut < text.length; cut++) {
      expect(replyOf(await receive(text, strict, [cut, text.length]))).toBe('550 5.5.2')
      const { received, header, body } = await receive(text, lenient, [cut, text.length])
      expect(received).toMatchObject({ kind: 'ok', separatorAdded: false })
      expect(`${header}${body}`.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/)
      expect(`${header}${body}`.replaceAll('\r\n', '\n')).toBe(text.replace(/\r\n|\r|\n/g, '\n'))
    }
    expect(replyOf(await receive(`Subject: x${sequence}y: z\r\n\r\n`, strict, [1]))).toBe('550 5.5.2')
  })

  test('NUL octets pass', async () => {
    expect((await receive('A: 1\r\n\r\n\0\r\n')).body).toBe('\0\r\n')
  })
})

describe('limits', () => {
  test('a message of exactly the size is taken, one octet more is not', async () => {
    const text = 'A: 1\r\n\r\n123456\r\n'
    expect((await receive(text, { ...strict, maxSize: text.length }, [5])).received.kind).toBe('ok')
    expect(replyOf(await receive(text, { ...strict, maxSize: text.length - 1 }, [5]))).toBe('552 5.3.4')
  })

  test('too large a header section is refused before its end, with a name', async () => {
    const field = `X: ${'y'.repeat(990)}\r\n`
    const fits = field.repeat(Math.floor((HEADER_SECTION_OCTETS - 2) / field.length))
    expect((await receive(`${fits}\r\nbody\r\n`)).received.kind).toBe('ok')
    expect(replyOf(await receive(`${fits}${field}\r\nbody\r\n`))).toBe('552 5.3.4')
    expect(replyOf(await receive(`X: ${'y'.repeat(HEADER_SECTION_OCTETS)}`))).toBe('552 5.3.4')
  })

  test('From: fields of more than some hundred authors are refused, other fields are not', async () => {
    const authors = (octets: number) => `From: ${'a'.repeat(octets - 'From: \r\n'.length)}\r\n`
    expect(replyOf(await receive(`To: a\r\n${authors(FROM_OCTETS)}\r\n`))).toBe('ok')
    expect(replyOf(await receive(`${authors(FROM_OCTETS + 1)}\r\nbody\r\n`))).toBe('550 5.6.0')
    expect(replyOf(await receive(`${authors(FROM_OCTETS / 2).repeat(3)}\r\n`))).toBe('550 5.6.0')
    expect(replyOf(await receive(authors(FROM_OCTETS + 1).replace('From', 'Cc')))).toBe('ok')
    expect(replyOf(await receive(authors(FROM_OCTETS + 1), { ...strict, fromPeer: true }))).toBe('ok')
  })

  test('too many lines are refused: 40 000 folds never reach a parser', async () => {
    expect((await receive(`${'A: 1\r\n'.repeat(HEADER_LINES)}\r\n`)).received.kind).toBe('ok')
    expect(replyOf(await receive(`${'A: 1\r\n'.repeat(HEADER_LINES + 1)}\r\n`))).toBe('550 5.6.0')
    expect(replyOf(await receive(`X: y\r\n${' z\r\n'.repeat(40_000)}\r\n`))).toBe('550 5.6.0')
  })

  test('what a node of ours put on top of a mail at the limits is let pass, and no more', async () => {
    const peer: ReceiveSettings = { ...strict, fromPeer: true }
    const lines = (count: number) => `${'A: 1\r\n'.repeat(count)}\r\n`
    expect((await receive(lines(HEADER_LINES + HOP_LINES), peer)).received.kind).toBe('ok')
    expect(replyOf(await receive(lines(HEADER_LINES + HOP_LINES + 1), peer))).toBe('550 5.6.0')
    const octets = (count: number) => `X: ${'y'.repeat(count - 'X: \r\n\r\n'.length)}\r\n\r\n`
    expect((await receive(octets(HEADER_SECTION_OCTETS + HOP_OCTETS), peer)).received.kind).toBe('ok')
    expect(replyOf(await receive(octets(HEADER_SECTION_OCTETS + HOP_OCTETS + 1), peer))).toBe('552 5.3.4')
    const whole = (count: number) => receive(`A: 1\r\n\r\n${'x'.repeat(count - 10)}\r\n`, { ...peer, maxSize: 1000 })
    expect((await whole(1000 + HOP_OCTETS)).received.kind).toBe('ok')
    expect(replyOf(await whole(1001 + HOP_OCTETS))).toBe('552 5.3.4')
  })

  test('an endless first line without a colon is a body', async () => {
    const text = `${'no colon '.repeat(100_000)}\r\n`
    expect(await receive(text)).toMatchObject({ header: '\r\n', body: text })
  })

  test('what is refused is read to its end, what is absurdly large is not', async () => {
    const chunks = (count: number) =>
      Readable.from(
        Array.from({ length: count }, () => Buffer.alloc(1000, 'x')),
        { objectMode: false },
      )
    const sink = { write: () => undefined }
    const near = chunks(20)
    expect(await receiveMessage(near, sink, { ...strict, maxSize: 10_000 })).toMatchObject({
      kind: 'refused',
      drained: true,
    })
    const far = chunks(2000)
    expect(await receiveMessage(far, sink, { ...strict, maxSize: 10_000 })).toMatchObject({
      kind: 'refused',
      drained: false,
    })
    far.destroy()
  })
})

describe('ends that are none', () => {
  test('a client that goes away', async () => {
    const stream = new PassThrough()
    stream.write('A: 1\r\n\r\nhalf a bo')
    const reception = receiveMessage(stream, { write: () => undefined }, strict)
    await pause(5)
    stream.destroy()
    expect(await reception).toMatchObject({ kind: 'aborted' })
  })

  test('a stream that breaks', async () => {
    const stream = new PassThrough()
    stream.write('A: 1\r\n')
    const reception = receiveMessage(stream, { write: () => undefined }, strict)
    await pause(5)
    stream.destroy(new Error('reset'))
    expect(await reception).toEqual({ kind: 'aborted', cause: 'reset' })
  })

  test('a sink that fails: the rest is read, then its own error comes out', async () => {
    const source = Readable.from([Buffer.from('A: 1\r\n\r\n'), Buffer.from('one\r\n'), Buffer.from('two\r\n')], {
      objectMode: false,
    })
    const sink = { write: () => Promise.reject(new Error('no space')) }
    await expect(receiveMessage(source, sink, strict)).rejects.toThrow('no space')
    expect(source.readableEnded).toBe(true)
    const thrower = {
      write: () => {
        throw new Error('at once')
      },
    }
    await expect(receiveMessage(Readable.from([Buffer.from('\r\nx\r\n')]), thrower, strict)).rejects.toThrow('at once')
  })
})

test('a slow sink slows the source down', async () => {
  let produced = 0
  const source = new Readable({
    read() {
      this.push(produced++ < 200 ? Buffer.alloc(16 * 1024, 'x\r\n') : null)
    },
  })
  let writes = 0
  let most = 0
  const sink = {
    write: async (chunk: Buffer) => {
      await pause(1)
      writes += chunk.length
      most = Math.max(most, produced * 16 * 1024 - writes)
    },
  }
  const received = await receiveMessage(source, sink, { ...lenient, maxSize: 100_000_000 })
  expect(received.kind).toBe('ok')
  // The header cap and two high-water marks at most lie between source and sink, out of more than 3 MB.
  expect(most).toBeLessThan(600_000)
})
