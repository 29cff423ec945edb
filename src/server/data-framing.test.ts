import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createDataFraming } from './data-framing.ts'
import { processorMs } from '../../test/lib/processor-time.ts'

/** Feeds a stream split at these offsets. Returns the content and the octets after the end, or null without an end. */
function read(stream: Buffer, cuts: readonly number[] = []): { content: string; rest: string | null } {
  const framing = createDataFraming()
  const pieces: string[] = []
  let from = 0
  for (const cut of [...cuts, stream.length]) {
    const { content, rest } = framing.push(Buffer.from(stream.subarray(from, cut)))
    pieces.push(content.toString('latin1'))
    from = Math.max(from, cut)
    if (rest !== null)
      return { content: pieces.join(''), rest: rest.toString('latin1') + stream.subarray(from).toString('latin1') }
  }
  return { content: pieces.join(''), rest: null }
}

/** A simple reference implementation of RFC 5321 4.5.2, line by line. */
function plainly(stream: string): { content: string; rest: string | null } {
  let content = ''
  let from = 0
  while (true) {
    const end = stream.indexOf('\r\n', from)
    const line = end < 0 ? stream.slice(from) : stream.slice(from, end + 2)
    if (line === '.\r\n') return { content, rest: stream.slice(end + 2) }
    // A held CR after a dot is not content yet.
    if (end < 0 && line === '.\r') return { content, rest: null }
    content += line.startsWith('.') ? line.slice(1) : line
    if (end < 0) return { content, rest: null }
    from = end + 2
  }
}

describe('the framing of DATA', () => {
  it.each([
    ['.\r\nQUIT\r\n', '', 'QUIT\r\n'],
    ['abc\r\n.\r\n', 'abc\r\n', ''],
    ['\r\n.\r\n', '\r\n', ''],
    ['..\r\n.\r\n', '.\r\n', ''],
    ['.x\r\n.\r\n', 'x\r\n', ''],
    ['a\r\n.b\r\n..c\r\n...\r\n.\r\n', 'a\r\nb\r\n.c\r\n..\r\n', ''],
    ['a\n..\r\n.\r\n', 'a\n..\r\n', ''],
    ['a\r..\r\n.\r\n', 'a\r..\r\n', ''],
    ['a\r\n.\r\r\n.\r\n', 'a\r\n\r\r\n', ''],
    ['a\r\n.\n.\r\n.\r\n', 'a\r\n\n.\r\n', ''],
    ['a\r\r\n.\r\n', 'a\r\r\n', ''],
  ])('%j', (stream, content, rest) => {
    expect(read(Buffer.from(stream, 'latin1'))).toEqual({ content, rest })
    expect(plainly(stream)).toEqual({ content, rest })
  })

  it('agrees with the reference for every stream and every split', () => {
    const octet = fc.constantFrom('\r', '\n', '.', 'a', '\0', '\r\n', '\r\n.', '.\r\n')
    const stream = fc.array(octet, { maxLength: 14 }).map((parts) => parts.join(''))
    fc.assert(
      fc.property(stream, fc.array(fc.nat(30), { maxLength: 6 }), (text, places) => {
        const cuts = places.toSorted((a, b) => a - b)
        expect(read(Buffer.from(text, 'latin1'), cuts)).toEqual(plainly(text))
      }),
      { numRuns: 3000 },
    )
  })

  it('gives the same result octet by octet', () => {
    const stream = Buffer.from('.a\r\n..\r\n.\r.\r\n.b\r\n\r\n.\rc\r\n.\r\nMAIL', 'latin1')
    const each = Array.from(stream, (_, index) => index)
    expect(read(stream, each)).toEqual(read(stream))
    expect(read(stream)).toEqual(plainly(stream.toString('latin1')))
  })

  it('reads dots on every line in linear time', () => {
    const framing = createDataFraming()
    const chunk = Buffer.from('..\r\n'.repeat(16_384))
    const begun = processorMs()
    for (let i = 0; i < 16; i++) framing.push(Buffer.from(chunk))
    expect(processorMs() - begun).toBeLessThan(2000)
  })
})
