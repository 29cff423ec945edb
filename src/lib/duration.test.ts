import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatDuration, parseDuration } from './duration.ts'

test.each([
  ['0', 0],
  ['0s', 0],
  ['90s', 90_000],
  ['5m', 300_000],
  ['2h', 7_200_000],
  ['5d', 432_000_000],
  ['250ms', 250],
  ['1h30m', 5_400_000],
  ['1d1ms', 86_400_001],
])('%s is %d ms', (text, ms) => expect(parseDuration(text)).toBe(ms))

test.each(['', '5', 's', '5 m', '-5m', '5M', '1.5h', '30m1h', '5min', '99999999999d', '5m\n', '٥m'])(
  '%j is no duration',
  (text) => expect(parseDuration(text)).toBeNull(),
)

test('what is written is read back', () => {
  fc.assert(fc.property(fc.nat(), (ms) => parseDuration(formatDuration(ms)) === ms))
  expect(formatDuration(4_000_000)).toBe('1h6m40s')
})
