import { describe, expect, it } from 'vitest'
import { createLeadingLines } from './leading-lines.ts'

const HEADER = 'From: ann@example.org\r\nSubject: x\r\n\r\nHello.\r\n'

function passed(text: string, size = 1000): { readonly text: string; readonly dropped: number } {
  const octets = Buffer.from(text)
  const leading = createLeadingLines()
  const out: Buffer[] = []
  for (let at = 0; at < octets.length; at += size) out.push(leading.push(octets.subarray(at, at + size)))
  out.push(leading.end())
  return { text: Buffer.concat(out).toString(), dropped: leading.dropped }
}

describe('the start of a message', () => {
  it.each([
    ['a line of a mailbox file', 'From ann@example.org Sun Nov 29 10:00:00 2026\r\n'],
    ['a quoted one', '>From ann@example.org Sun Nov 29 10:00:00 2026\r\n'],
    ['an empty line', '\r\n'],
    ['empty lines and a line of a mailbox file', '\r\n\r\nFrom ann\r\n\r\n'],
    ['a byte order mark', '\u{feff}'],
    ['a byte order mark and an empty line', '\u{feff}\r\n'],
    ['twenty empty lines', '\r\n'.repeat(20)],
  ])('loses %s, however it is cut into pieces', (_, start) => {
    for (const size of [1, 2, 3, 5, 1000]) {
      const { text, dropped } = passed(start + HEADER, size)
      expect(text).toBe(HEADER)
      expect(dropped).toBe(Buffer.byteLength(start))
    }
  })

  it.each([
    HEADER,
    'From : ann@example.org\r\n\r\n',
    'From  :ann@example.org\r\n\r\n',
    'From\r\n',
    'F',
    '>',
    '>From',
    'Frome ann\r\n',
    'Hello.\r\n\r\n',
    '',
    '\r\n',
    '\r\n\r\n',
    '\r\nThis message has no header section.\r\n',
    'From now on, there is no header section.\r\nHello.\r\n',
    '\u{feff}Hello.\r\n',
    `${'\r\n'.repeat(25)}A: 1\r\n`,
    `From ${'x'.repeat(5000)}\r\nA: 1\r\n`,
  ])('keeps %j', (text) => {
    for (const size of [1, 2, 1000, 100_000]) {
      if (size === 100_000 && text.length > 4096) continue
      expect(passed(text, size)).toEqual({ text, dropped: 0 })
    }
  })
})
