import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createNewlineFilter } from './newlines.ts'
import { processorMs } from '../../test/lib/processor-time.ts'

/** The text through the filter in the given chunk sizes; null if it was refused. */
function filter(text: string, mode: 'reject' | 'normalize', sizes: readonly number[] = []): string | null {
  const newlines = createNewlineFilter(mode)
  const input = Buffer.from(text, 'latin1')
  const out: Buffer[] = []
  let at = 0
  for (let i = 0; at < input.length; i++) {
    const size = sizes.length === 0 ? input.length : (sizes[i % sizes.length] as number)
    const clean = newlines.push(input.subarray(at, at + size))
    if (clean === null) return null
    out.push(clean)
    at += size
  }
  const last = newlines.end()
  return last === null ? null : Buffer.concat([...out, last]).toString('latin1')
}

const chunkSizes = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 8 })
const stuff = fc
  .array(fc.constantFrom('\r', '\n', '\r\n', 'a', '.', '\0', '\x85'), { maxLength: 30 })
  .map((w) => w.join(''))

/** What normalising means, said the slow way. */
const model = (text: string) => {
  const lines = text.replace(/\r\n|\r|\n/g, '\r\n')
  return lines === '' || lines.endsWith('\r\n') ? lines : `${lines}\r\n`
}

describe('newline filter', () => {
  test.each([
    ['a\r\nb\r\n', 'a\r\nb\r\n', true],
    ['a\nb\r\n', 'a\r\nb\r\n', false],
    ['a\rb\r\n', 'a\r\nb\r\n', false],
    ['a\r\r\nb\r\n', 'a\r\n\r\nb\r\n', false],
    ['a\n\rb\r\n', 'a\r\n\r\nb\r\n', false],
    ['a\r\n\r', 'a\r\n\r\n', false],
    ['\r', '\r\n', false],
    ['a', 'a\r\n', true],
    ['', '', true],
    ['\x85\u00a0\r\n', '\x85\u00a0\r\n', true],
  ])('%j becomes %j', (text, expected, isClean) => {
    expect(filter(text, 'normalize')).toBe(expected)
    expect(filter(text, 'reject')).toBe(isClean ? expected : null)
  })

  test('does the same however the bytes are cut', () => {
    fc.assert(
      fc.property(stuff, chunkSizes, (text, sizes) => {
        expect(filter(text, 'normalize', sizes)).toBe(model(text))
        const hasBare = /(?:^|[^\r])\n|\r(?!\n)/.test(text)
        expect(filter(text, 'reject', sizes)).toBe(hasBare ? null : model(text))
      }),
      { numRuns: 500 },
    )
  })

  test('a clean chunk passes without being copied', () => {
    const chunk = Buffer.from('a\r\nb\r\n')
    expect(createNewlineFilter('reject').push(chunk)?.buffer).toBe(chunk.buffer)
  })

  test('a megabyte of bare line feeds takes linear time', () => {
    const start = processorMs()
    expect(filter('\n'.repeat(1_000_000), 'normalize')?.length).toBe(2_000_000)
    expect(filter('\r'.repeat(1_000_000), 'normalize')?.length).toBe(2_000_000)
    // A tenth of a second in truth; a quadratic filter needs minutes.
    expect(processorMs() - start).toBeLessThan(5000)
  })
})
