// The same octets to Postfix and to us: BDAT in and out of order, and everything that could be taken for the end of a message. Each
// difference is listed with its reason; an unlisted one fails, and so does a listed one that is none.

import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ensurePeers } from '../lib/peers/ensure.ts'
import { startStreamPair, type StreamPair } from '../lib/peers/stream-pair.ts'

const SIZE = 1500
const hasPostfix = ensurePeers(['postfix'])
const envelope = 'MAIL FROM:<a@example.net>\r\nRCPT TO:<b@example.org>\r\n'
const header =
  'From: a@example.net\r\nTo: b@example.org\r\nDate: Thu, 1 Jan 2026 00:00:00 +0000\r\nMessage-ID: <1@x.test>\r\n\r\n'
const chunk = (content: string, marker = '') => `BDAT ${content.length}${marker}\r\n${content}`
const last = (content: string) => chunk(content, ' LAST')
const whole = last(`${header}body\r\n`)
const octets = (text: string) => Buffer.from(text, 'latin1')
const classes = (codes: readonly number[]) => codes.map((code) => Math.floor(code / 100)).join('')

describe.runIf(hasPostfix)('replies', () => {
  let pair: StreamPair
  beforeAll(async () => {
    pair = await startStreamPair({ bareNewline: 'reject', messageSize: SIZE })
  })
  afterAll(() => pair.stop())

  it.each<readonly [string, string]>([
    ['no MAIL', `${chunk('hello')}${whole}NOOP\r\n`],
    ['no RCPT', `MAIL FROM:<a@example.net>\r\n${chunk('hello')}RCPT TO:<b@example.org>\r\n${whole}`],
    ['only refused recipients', `MAIL FROM:<a@example.net>\r\nRCPT TO:<@@>\r\n${whole}RCPT TO:<b@example.org>\r\n`],
    ['one chunk', `${envelope}${whole}`],
    ['lower case', `${envelope}${whole.replace('BDAT', 'bdat').replace('LAST', 'last')}NOOP\r\n`],
    ['more blanks', `${envelope}${whole.replace('BDAT ', 'BDAT   ').replace(' LAST', '   LAST  ')}`],
    ['leading zeros', `${envelope}${whole.replace('BDAT ', 'BDAT 000')}`],
    ['two chunks and an empty last one', `${envelope}${chunk(header)}${chunk('b')}BDAT 0 LAST\r\n`],
    ['an empty message', `${envelope}BDAT 0 LAST\r\n`],
    ['RSET between', `${envelope}${chunk(header)}RSET\r\n${last('x')}`],
    ['EHLO between', `${envelope}${chunk(header)}HELO x\r\n${last('x')}`],
    ['other commands between', `${envelope}${chunk(header)}DATA\r\nRCPT TO:<c@example.org>\r\nNOOP\r\n${last('x')}`],
    ['MAIL between', `${envelope}${chunk(header)}MAIL FROM:<c@example.net>\r\n${last('x')}`],
    ['a chunk after the last', `${envelope}${whole}${whole}NOOP\r\n`],
    ['two messages', `${envelope}${whole}${envelope}${chunk(header)}${last('x')}`],
    ['DATA, then BDAT', `${envelope}DATA\r\n${header}x\r\n.\r\n${envelope}${whole}`],
    ['a chunk above the limit', `${envelope}${chunk('x'.repeat(SIZE + 1))}${last('x')}MAIL FROM:<a@example.net>\r\n`],
    ['a last chunk above the limit', `${envelope}${last('x'.repeat(SIZE + 1))}MAIL FROM:<a@example.net>\r\n`],
    ['BINARYMIME', 'MAIL FROM:<a@example.net> BODY=BINARYMIME\r\n'],
    ...['', ' LAST', ' x', ' -5', ' +5', ' 0x5', ' 5LAST', ' 9223372036854775808', ' 18446744073709551616'].map(
      (argument) => [`BDAT${argument}`, `${envelope}BDAT${argument}\r\nNOOP\r\n`] as const,
    ),
  ])('%s: as Postfix', async (_name, stream) => {
    const { postfix, waypost } = await pair.run([octets(`${stream}QUIT\r\n`)])
    expect(classes(waypost.codes)).toBe(classes(postfix.codes))
    if (!stream.includes('BDAT 0 LAST')) expect(waypost.messages).toEqual(postfix.messages)
    else expect(waypost.messages).toHaveLength(postfix.messages.length)
  })

  it.each([
    // RFC 3030 has the server read the octets of a refused chunk; only their number must be known for that.
    ['an unknown marker', `${envelope}${chunk('hello', ' X')}NOOP\r\n`, '225', '22522'],
    ['two markers', `${envelope}${chunk('hello', ' LAST LAST')}NOOP\r\n`, '225', '22522'],
    // The grammar of RFC 3030 has no minimum.
    ['an empty chunk that is not the last', `${envelope}BDAT 0\r\n${whole}`, '22552', '22222'],
    // We count the sum at each chunk, and need no further octets to know.
    ['a sum above the limit', `${envelope}${chunk('x'.repeat(800)).repeat(2)}${last('x')}`, '222252', '222552'],
    // Reading on would cost bandwidth and bring nothing.
    ['a chunk above twice the limit', `${envelope}${chunk('x'.repeat(2 * SIZE + 1))}NOOP\r\n`, '22522', '225'],
    // The transaction ended with its refused chunk, so the client need not send RSET.
    ['MAIL after a refused chunk', `${envelope}${chunk('x'.repeat(SIZE + 1))}MAIL FROM:<>\r\n`, '22552', '22522'],
    // Postfix refuses a bare LF in commands as in messages; for us it does no harm there (docs/reference/smtp.md).
    ['a bare LF after the command', `${envelope}${whole.replace('LAST\r\n', 'LAST\n')}`, '225', '2222'],
    // A message is judged at its end.
    ['a bare LF in the first chunk', `${envelope}${chunk(`${header}x\ny`)}${last('x')}`, '22552', '22252'],
    // Lines that are not clearly BDAT: octets of a message may follow, and we take none of them for a command.
    ['a tab', `${envelope}${whole.replaceAll(/BDAT (\d+) LAST/g, 'BDAT\t$1\tLAST')}`, '2222', '225'],
    ['no blank', `${envelope}BDAT5\r\nNOOP\r\n`, '22522', '225'],
    ['NUL', `${envelope}${chunk('hello', '\0')}NOOP\r\n`, '22222', '225'],
  ])('%s: other than Postfix', async (_name, stream, theirs, ours) => {
    const { postfix, waypost } = await pair.run([octets(`${stream}QUIT\r\n`)])
    expect({ postfix: classes(postfix.codes), waypost: classes(waypost.codes) }).toEqual({
      postfix: theirs,
      waypost: ours,
    })
  })
})

const piece = fc.constantFrom(
  '.',
  '\r\n',
  '\r\n.\r\n',
  '\n.\n',
  'x',
  'text',
  'QUIT\r\n',
  'BDAT 3 LAST\r\n',
  '\0',
  '\xff',
)
const content = fc.array(piece, { minLength: 1, maxLength: 5 }).map((parts) => parts.join(''))
const between = fc.constantFrom('NOOP\r\n', 'DATA\r\n', 'RCPT TO:<c@example.org>\r\n', 'XYZZY\r\n', 'MAIL FROM:<>\r\n')
const middle = fc.array(fc.oneof({ weight: 3, arbitrary: content.map((text) => chunk(text)) }, between), {
  maxLength: 5,
})
const transaction = fc
  .tuple(middle, fc.oneof(content.map(last), fc.constantFrom('BDAT 0 LAST\r\n', 'RSET\r\n')))
  .map(([parts, end]) => `${envelope}${chunk(header)}${parts.join('')}${end}`)

const withoutBare = [
  '\r\n\0.\r\n',
  '\r\n.\0\r\n',
  '\r\n. \r\n',
  '\r\n .\r\n',
  '\r\n..\r\n',
  '\r\n.\x85\r\n',
  '\x85.\x85',
]
const withLf = ['\n.\n', '\n.\r\n', '\r\n.\n', '\n\n.\r\n', '\n..\r\n']
const withCr = ['\r.\r\n', '\r.\r', '\r\n.\r', '\r\n.\r\r\n', '\r\r\n.\r\r\n', '\n\r.\r\n', '\n.\r', '\r.\n']
const smuggled = 'MAIL FROM:<evil@example.net>\r\nRCPT TO:<v@example.org>\r\nDATA\r\nowned\r\n.\r\nQUIT\r\n'

describe.runIf(hasPostfix).each(['reject', 'normalize'] as const)('ends of a message, bare newlines: %s', (mode) => {
  let pair: StreamPair
  beforeAll(async () => {
    pair = await startStreamPair({ bareNewline: mode, messageSize: 10_000 })
  })
  afterAll(() => pair.stop())

  const byData = (sequence: string) => pair.run([octets(`${envelope}DATA\r\n${header}one${sequence}${smuggled}`)])
  const byBdat = (sequence: string) =>
    pair.run([octets(`${envelope}${last(`${header}one${sequence}${smuggled}`)}QUIT\r\n`)])

  it.each(withoutBare)('%j: as Postfix', async (sequence) => {
    for (const { postfix, waypost } of [await byData(sequence), await byBdat(sequence)]) {
      expect(waypost).toEqual(postfix)
      expect(waypost.messages).toHaveLength(1)
    }
  })

  // After a bare LF Postfix takes a dot for a stuffed one; for us a line of DATA begins after CRLF only, so the dot stays.
  it.each(withLf)('%j: replies as Postfix, by BDAT also the message', async (sequence) => {
    const [data, bdat] = [await byData(sequence), await byBdat(sequence)]
    expect(data.waypost.codes).toEqual(data.postfix.codes)
    expect(data.waypost.messages).toHaveLength(mode === 'reject' ? 0 : 1)
    expect(data.waypost.messages).toHaveLength(data.postfix.messages.length)
    expect(bdat.waypost).toEqual(bdat.postfix)
  })

  // Postfix has no rule for a bare CR and turns it into a blank when it sends the message; for us it is a bare newline.
  it.each(withCr)('%j: one message or none', async (sequence) => {
    for (const { postfix, waypost } of [await byData(sequence), await byBdat(sequence)]) {
      expect(classes(waypost.codes.slice(-2))).toBe(mode === 'reject' ? '52' : '22')
      expect(waypost.messages).toHaveLength(mode === 'reject' ? 0 : 1)
      expect(postfix.messages.length).toBeLessThan(2)
      for (const message of waypost.messages) expect(message).not.toMatch(/\r(?!\n)|(?<!\r)\n/)
    }
  })

  // Where bare newlines are refused, Postfix refuses the chunk that has one, and we the last chunk.
  it.runIf(mode === 'normalize')(
    'random chunks, commands and segments: as Postfix',
    async () => {
      const streams = fc.sample(
        fc.tuple(fc.array(transaction, { minLength: 1, maxLength: 4 }), fc.array(fc.nat(600))),
        25,
      )
      for (const [transactions, places] of streams) {
        const stream = octets(`${transactions.join('')}QUIT\r\n`)
        const cuts = [0, ...places.filter((place) => place < stream.length).toSorted((a, b) => a - b), stream.length]
        const pieces = cuts.slice(1).map((cut, index) => stream.subarray(cuts[index], cut))
        const { postfix, waypost } = await pair.run(pieces.filter(({ length }) => length > 0))
        expect([stream.toString('latin1'), classes(waypost.codes)]).toEqual([
          stream.toString('latin1'),
          classes(postfix.codes),
        ])
        expect(waypost.messages).toEqual(postfix.messages)
      }
    },
    120_000,
  )

  it('CRLF dot CRLF ends DATA, and nothing else does', async () => {
    const { postfix, waypost } = await pair.run([
      octets(`${envelope}DATA\r\n${header}one\r\n.\r\n${envelope}DATA\r\n${header}two\r\n.\r\nQUIT\r\n`),
    ])
    expect(waypost).toEqual(postfix)
    expect(waypost.messages).toHaveLength(2)
    const chunked = await byBdat('\r\n.\r\n')
    expect(chunked.waypost).toEqual(chunked.postfix)
    expect(chunked.waypost.messages).toHaveLength(1)
  })
})
