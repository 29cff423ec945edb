// Bare CR and LF are found wherever the octets are split.

import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkLineEnds, createLineEnds } from './line-ends.ts'

function judge(text: string, sizes: readonly number[]): string {
  const ends = createLineEnds()
  const octets = Buffer.from(text, 'latin1')
  for (let at = 0, n = 0; at < octets.length; n++) {
    const size = sizes[n % sizes.length] ?? 1
    if (!ends.push(octets.subarray(at, at + size))) return 'bare'
    at += size
  }
  return ends.end()
}

describe('createLineEnds', () => {
  it('agrees with a regular expression, however the octets are split', () => {
    const text = fc
      .array(fc.constantFrom('\r', '\n', '\r\n', '.', 'ab'), { maxLength: 12 })
      .map((parts) => parts.join(''))
    const sizes = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 3 })
    fc.assert(
      fc.property(text, sizes, (one, split) => {
        const isBare = /[\r\n]/.test(one.replaceAll('\r\n', ''))
        const expected = isBare ? 'bare' : one === '' || one.endsWith('\n') ? 'complete' : 'open'
        expect(judge(one, split)).toBe(expected)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('checkLineEnds', () => {
  const pass = (chunks: readonly string[]) =>
    buffer(Readable.from(chunks.map((one) => Buffer.from(one))).pipe(checkLineEnds()))

  it('passes a body on', async () => {
    expect(String(await pass(['a\r', '\nb\r\n', '.\r\n', 'open']))).toBe('a\r\nb\r\n.\r\nopen')
  })

  it.each([
    ['the end of data with LF', ['x\r\n', '.\n', 'MAIL FROM:<>\r\n']],
    ['the end of data with CR', ['x\r\n.\r', 'MAIL']],
    ['a CR at the end', ['x\r']],
    ['an LF at the start', ['\nx']],
  ])('fails at %s', async (_what, chunks) => {
    await expect(pass(chunks)).rejects.toThrow('the body has a bare CR or LF')
  })
})
