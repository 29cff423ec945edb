import { expect, it } from 'vitest'
import { readCount, readPastTime, readTime } from './command-options.ts'

it('reads a time as ISO 8601 or unix seconds', () => {
  expect(readTime('2026-11-21T02:00:00Z')).toBe(Date.UTC(2026, 10, 21, 2))
  expect(readTime('1795226400')).toBe(1_795_226_400_000)
  expect(() => readTime('yesterday')).toThrow('expected a time')
})

it('reads a time in the past also as a duration before now', () => {
  expect(readPastTime('2026-11-21T02:00:00Z')).toBe(Date.UTC(2026, 10, 21, 2))
  const [hour, now] = [readPastTime('1h'), readPastTime('1ms')]
  expect(Math.abs(now - hour - 3_600_000)).toBeLessThan(60_000)
  for (const text of ['-1h', 'yesterday'])
    expect(() => readPastTime(text)).toThrow('unix seconds, or a duration such as 2h')
})

it.each(['0', '-1', '1.5', '', 'many', '1e9'])('does not take %j as a count', (text) => {
  expect(() => readCount(text)).toThrow('expected a whole number')
})
