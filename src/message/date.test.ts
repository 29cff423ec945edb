import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatDate, parseDate } from './date.ts'

test('is written in UTC with English names', () => {
  expect(formatDate(Date.UTC(2026, 10, 1, 2, 3, 4))).toBe('Sun, 1 Nov 2026 02:03:04 +0000')
})

test.each([
  ['Fri, 21 Nov 1997 09:55:06 -0600', Date.UTC(1997, 10, 21, 15, 55, 6)],
  ['21 Nov 97 09:55:06 GMT', Date.UTC(1997, 10, 21, 9, 55, 6)],
  ['Fri, 21 Nov 1997 09(comment):   55  :  06 -0600', null],
  ['Thu, 13 Feb 1969 23:32 -0330 (Newfoundland)', Date.UTC(1969, 1, 14, 3, 2)],
  ['1 jan 49 00:00 EST', Date.UTC(2049, 0, 1, 5, 0)],
  ['1 Jan 126 00:00:00 Z', Date.UTC(2026, 0, 1)],
  ['29 Feb 2024 00:00:00 +0000', Date.UTC(2024, 1, 29)],
  ['30 Feb 2024 00:00:00 +0000', null],
  ['1 Foo 2024 00:00:00 +0000', null],
  ['1 Jan 2024 24:00:00 +0000', null],
  ['0 Jan 2024 00:00:00 +0000', null],
  ['2024-01-01T00:00:00Z', null],
  ['', null],
])('%s', (text, expected) => expect(parseDate(text)).toBe(expected))

test('what is written is read back to the second', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: Date.UTC(2200, 0, 1) }),
      (ms) => parseDate(formatDate(ms)) === Math.floor(ms / 1000) * 1000,
    ),
  )
})
