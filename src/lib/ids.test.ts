import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import { createQueueIds, isQueueId, newQueueId, parseQueueId } from './ids.ts'
import { systemRandom } from './random.ts'

const zeros = (octets: number) => Buffer.alloc(octets)

describe('queue ids', () => {
  test('have sixteen characters without vowels and contain their time', () => {
    const clock = createFakeClock()
    const id = newQueueId(clock, systemRandom)
    expect(id).toMatch(/^[0-9B-DF-HJ-NP-TV-Zb-df-hj-np-tv-z]{10}z[0-9B-DF-HJ-NP-TV-Zb-df-hj-np-tv-y]{5}$/)
    expect(parseQueueId(id)).toEqual({ kind: 'long', at: clock.now() })
  })

  test('of one source never repeat and grow while the clock stands still or steps back', () => {
    const clock = createFakeClock()
    const next = createQueueIds(clock, zeros)
    const ids = Array.from({ length: 3000 }, () => next())
    clock.set(clock.now() - 60_000)
    ids.push(next(), next())
    expect(new Set(ids).size).toBe(ids.length)
    expect([...ids].toSorted()).toEqual(ids)
  })

  test('use every random octet once, however few a draw gives', () => {
    let octet = 0
    const counting = (octets: number) => Buffer.from(Array.from({ length: octets }, () => octet++ % 256))
    const drawn: number[] = []
    const spy = (octets: number) => {
      drawn.push(octets)
      return counting(octets)
    }
    const next = createQueueIds(createFakeClock(), spy)
    const tails = Array.from({ length: 500 }, () => next().slice(-5))
    expect(drawn.reduce((sum, octets) => sum + octets, 0)).toBeGreaterThanOrEqual(500 * 6)
    expect(drawn.length).toBeLessThan(10)
    // The octets repeat after 256; 6 · 128 is a multiple of it, so 128 different tails are the most there can be.
    expect(new Set(tails).size).toBe(128)
    const sparing = createQueueIds(createFakeClock(), () => Buffer.from([1, 2, 3, 4, 5, 6]))
    expect(sparing().slice(-5)).toBe(sparing().slice(-5))
  })

  test('sort by time whatever the time and the random digits', () => {
    const time = fc.integer({ min: 0, max: Date.UTC(2500, 0, 1) })
    const bytes = fc.uint8Array({ minLength: 6, maxLength: 6 })
    fc.assert(
      fc.property(time, time, bytes, bytes, (a, b, x, y) => {
        const first = newQueueId(createFakeClock(a), () => Buffer.from(x))
        const second = newQueueId(createFakeClock(b), () => Buffer.from(y))
        expect(isQueueId(first)).toBe(true)
        if (a < b) expect(first < second).toBe(true)
        expect(parseQueueId(first)).toEqual({ kind: 'long', at: Math.max(a, 0) })
      }),
    )
  })

  test('of two nodes in the same microsecond differ', () => {
    const clock = createFakeClock()
    const ids = Array.from({ length: 500 }, () => newQueueId(clock, systemRandom))
    expect(new Set(ids).size).toBe(500)
  })

  test('of Postfix are read in both forms', () => {
    expect(parseQueueId('3C56E147BC74')).toEqual({ kind: 'short' })
    const long = parseQueueId('3Pt2mN2VXxznjll')
    expect(long?.kind).toBe('long')
    expect(long?.kind === 'long' && new Date(long.at).getUTCFullYear()).toBe(2011)
  })

  test.each([
    '',
    'z',
    'hello',
    'ABCDE',
    '3pT2MN2vxxZNJLL!',
    '3Pt2mN2VXxzAAAA',
    '../etc/passwd',
    '3C56E147BC74\n',
    'zzzzzzzzzzzzzzz',
  ])('are not %j', (text) => expect(isQueueId(text)).toBe(false))
})
