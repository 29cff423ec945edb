import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createHeaderCollector } from './header-collector.ts'
import type { Collected } from './header-collector.ts'
import { HEADER_LINES, HEADER_SECTION_OCTETS } from './header-limits.ts'
import { processorMs } from '../../test/lib/processor-time.ts'

/** Feeds pieces until the collector has decided; answers the decision and what was not yet fed. */
function collect(pieces: readonly string[]): { collected: Collected; fed: number } {
  const collector = createHeaderCollector()
  for (const [i, piece] of pieces.entries()) {
    const collected = collector.push(Buffer.from(piece, 'latin1'))
    if (collected.kind !== 'more') return { collected, fed: i + 1 }
  }
  return { collected: collector.end(), fed: pieces.length }
}

const parts = (collected: Collected) =>
  collected.kind === 'done'
    ? [collected.header.toString('latin1'), collected.body.toString('latin1')]
    : [collected.kind]

describe('the end of the header section', () => {
  test('may be cut anywhere, even inside the empty line', () => {
    for (const pieces of [
      ['A: 1\r\n\r\nb'],
      ['A: 1\r', '\n\r', '\nb'],
      ['A: 1\r\n', '\r\n', 'b'],
      ['A: 1\r\n\r', '\nb'],
    ]) {
      const { collected, fed } = collect(pieces)
      const [header, body] = parts(collected)
      expect(header).toBe('A: 1\r\n\r\n')
      expect(`${body}${pieces.slice(fed).join('')}`).toBe('b')
    }
  })

  test('is reached without waiting for more than it needs', () => {
    expect(collect(['A: 1\r\n\r\n', 'body']).fed).toBe(1)
    expect(collect(['no field\r\n', 'body']).fed).toBe(1)
    expect(collect(['A: 1\r\n\r', 'body']).fed).toBe(2)
  })

  test('an octet more than the cap is too much, wherever the pieces are cut', () => {
    const field = `A: ${'x'.repeat(500)}\r\n`
    const count = Math.floor((HEADER_SECTION_OCTETS - 2) / field.length)
    const filler = `B:${'y'.repeat(HEADER_SECTION_OCTETS - 2 - count * field.length - 4)}\r\n`
    const exact = `${field.repeat(count)}${filler}\r\n`
    expect(exact.length).toBe(HEADER_SECTION_OCTETS)
    for (const size of [exact.length, 4096, 1000]) {
      const cut = (text: string) => text.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? []
      expect(parts(collect(cut(exact)).collected)[0]?.length).toBe(HEADER_SECTION_OCTETS)
      expect(parts(collect(cut(`C:${exact}`)).collected)).toEqual(['too-large'])
    }
  })

  test('lines are counted, continuations too', () => {
    const lines = (count: number) => [`A: 1\r\n${' x\r\n'.repeat(count - 1)}\r\n`]
    expect(collect(lines(HEADER_LINES)).collected.kind).toBe('done')
    expect(collect(lines(HEADER_LINES + 1)).collected.kind).toBe('too-many-lines')
  })

  test('a full section that waits inside a continuation or a field is too large, inside plain text it is a body', () => {
    const long = 'x'.repeat(HEADER_SECTION_OCTETS)
    expect(parts(collect([`A: 1\r\n ${long}`]).collected)).toEqual(['too-large'])
    expect(parts(collect([`A:${long}`]).collected)).toEqual(['too-large'])
    expect(parts(collect([`A: 1\r\n${long}`]).collected)).toEqual(['A: 1\r\n\r\n', long])
  })

  test('one octet at a time takes linear time', () => {
    const text = `${`A: ${'x'.repeat(120)}\r\n`.repeat(900)}\r\n`
    const start = processorMs()
    expect(collect(text.split('')).collected.kind).toBe('done')
    expect(processorMs() - start).toBeLessThan(2000)
  })

  test('the pieces make no difference, and nothing is lost', () => {
    const line = fc.constantFrom('A: 1\r\n', ' fold\r\n', '\r\n', 'text\r\n', 'B : 2\r\n', ':\r\n', '\x80: x\r\n')
    const text = fc.array(line, { maxLength: 10 }).map((lines) => lines.join(''))
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 9 }), (whole, size) => {
        const cut = whole.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? []
        const one = collect([whole]).collected
        const { collected: many, fed } = collect(cut)
        if (one.kind !== 'done' || many.kind !== 'done') throw new Error('not done')
        const body = many.body.toString('latin1') + cut.slice(fed).join('')
        expect([many.header, body, many.separatorAdded]).toEqual([
          one.header,
          one.body.toString('latin1'),
          one.separatorAdded,
        ])
        const header = one.separatorAdded ? one.header.subarray(0, -2) : one.header
        expect(header.toString('latin1') + body).toBe(whole)
      }),
    )
  })
})
