// Dot-stuffing: a strict server reads the octets that were sent, however they were split, and finds no end of data inside them.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { atStart, closing, positionAfter, stuff } from './dot-stuffing.ts'

function send(chunks: readonly Buffer[]): string {
  let position = atStart
  const out: Buffer[] = []
  for (const chunk of chunks) {
    out.push(stuff(chunk, position))
    position = positionAfter(chunk, position)
  }
  return Buffer.concat([...out, closing(position)]).toString('latin1')
}

/** RFC 5321 section 4.5.2. */
function receive(wire: string): string {
  expect(wire.endsWith('\r\n.\r\n') || wire === '.\r\n').toBe(true)
  return wire.slice(0, -3).replace(/(^|\r\n)\./g, '$1')
}

function split(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = []
  let at = 0
  for (const size of sizes) chunks.push(bytes.subarray(at, (at += size)))
  return [...chunks, bytes.subarray(at)]
}

const piece = fc.constantFrom('\r\n', '.', '..', '\r\n.\r\n', 'a', 'text with . dots', '\r\n..', ' ')
const sizes = fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 30 })

describe('a message with CRLF line ends', () => {
  it('arrives unchanged', () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), sizes, (pieces, cuts) => {
        const text = pieces.join('')
        const complete = text === '' || text.endsWith('\r\n') ? text : `${text}\r\n`
        expect(receive(send(split(Buffer.from(text), cuts)))).toBe(complete)
      }),
    )
  })

  it('is not copied if it has no dots to double', () => {
    const chunk = Buffer.from('no dots at the start\r\nof a line.\r\n')
    expect(stuff(chunk, atStart)).toBe(chunk)
  })
})

describe('any octets', () => {
  const hostile = fc.constantFrom('\r', '\n', '.', '\r\n', '\n.\n', '\r.\r', 'a')

  it('contain no end of data for a server that accepts a bare CR or LF as line end', () => {
    fc.assert(
      fc.property(fc.array(hostile, { maxLength: 30 }), sizes, (pieces, cuts) => {
        const wire = send(split(Buffer.from(pieces.join('')), cuts))
        const inside = `\r\n${wire}`.slice(0, -3)
        expect(inside).not.toMatch(/[\r\n]\.[\r\n]/)
      }),
    )
  })

  it('end with a line end before the final dot', () => {
    for (const text of ['a', 'a\r', 'a\n', 'a\r\n', '', '\r', '\n'])
      expect(send([Buffer.from(text)])).toMatch(/(^|\r\n)\.\r\n$/)
  })
})
