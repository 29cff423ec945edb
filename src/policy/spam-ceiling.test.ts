// Which ceiling applies to a forward, and from which score on it refuses.

import { describe, expect, it } from 'vitest'
import { overAllCeilings, overCeiling } from './spam-ceiling.ts'
import { readSpamScore } from './spam-score.ts'

const own = (score: number | null) => ({ action: null, ceiling: { score, source: 'mail.yaml:7' } })
const nothing = { action: null }

describe('a forward', () => {
  it('is refused at its ceiling and above', () => {
    expect(overCeiling(5.99, nothing, 6)).toBeNull()
    expect(overCeiling(6, nothing, 6)).toBe('spam score 6 at or above 6 by configuration')
    expect(overCeiling(9.1, own(7.5), 6)).toBe('spam score 9.1 at or above 7.5 by mail.yaml:7')
  })

  it('uses its own ceiling instead of the default: higher, lower or none', () => {
    expect(overCeiling(9, own(10), 6)).toBeNull()
    expect(overCeiling(5, own(4), 6)).not.toBeNull()
    expect(overCeiling(1000, own(null), 6)).toBeNull()
    expect(overCeiling(9, own(8), null)).not.toBeNull()
  })

  it('is never refused without a ceiling or without a score', () => {
    expect(overCeiling(1000, nothing, null)).toBeNull()
    expect(overCeiling(null, own(1), 6)).toBeNull()
  })
})

describe('forwards of the next node', () => {
  it('are refused here only if the next node would refuse all of them', () => {
    expect(overAllCeilings(9, [nothing, own(8)], 6)).toContain('at or above 6 by configuration')
    expect(overAllCeilings(9, [nothing, own(10)], 6)).toBeNull()
    expect(overAllCeilings(9, [own(null), nothing], 6)).toBeNull()
  })

  it('refuse nothing if there are none', () => {
    expect(overAllCeilings(9, [], 6)).toBeNull()
  })
})

describe('a score', () => {
  const read = (value: string) =>
    readSpamScore([{ method: 'x-spam', result: 'no-action', properties: [{ name: 'policy.score', value }] }])

  it.each([
    ['9.1', 9.1],
    ['-0.5', -0.5],
    ['0', 0],
  ])('%s is read', (text, score) => expect(read(text)).toBe(score))

  it.each(['', 'high', '1e9', 'NaN', '9.1x', 'Infinity', '99999999999'])('%s is no score', (text) => {
    expect(read(text)).toBeNull()
  })
})
