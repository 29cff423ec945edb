import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatSize, parseSize } from './size.ts'

test.each([
  ['0', 0],
  ['10240000', 10_240_000],
  ['32KiB', 32_768],
  ['10M', 10_485_760],
  ['10MiB', 10_485_760],
  ['10MB', 10_000_000],
  ['1.5k', 1536],
  ['2 GiB', 2_147_483_648],
  ['7b', 7],
])('%s is %d octets', (text, octets) => expect(parseSize(text)).toBe(octets))

test.each([
  '',
  'M',
  '-1',
  '1e3',
  '10TiB',
  '10  M',
  '1.2345M',
  '999999999999999GiB',
  '10M\n',
  'constructor',
  '1__proto__',
])('%j is no size', (text) => expect(parseSize(text)).toBeNull())

test('what is written is read back', () => {
  fc.assert(fc.property(fc.nat(), (octets) => parseSize(formatSize(octets)) === octets))
  expect(formatSize(50 * 1024 * 1024)).toBe('50MiB')
})
