import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EMPTY_CONTENT, manyPeople } from '../../../test/lib/source-content.ts'
import { checkShrinkage } from './check-shrinkage.ts'
import { countContent } from './source-content.ts'

const MOST = 0.4
const judge = (now: number, before: number) =>
  checkShrinkage(manyPeople(now), countContent(manyPeople(before)), MOST).kind

describe('checkShrinkage', () => {
  it('accepts the first answer of a source, whatever its size', () => {
    expect(checkShrinkage(manyPeople(1), null, MOST).kind).toBe('accept')
  })

  it('never accepts an empty answer, not even the first, or with any shrinkage allowed', () => {
    const refused = { kind: 'refuse', cause: 'the source returned no entries' }
    expect(checkShrinkage(EMPTY_CONTENT, null, MOST)).toEqual(refused)
    expect(checkShrinkage(EMPTY_CONTENT, countContent(manyPeople(3)), 1)).toEqual(refused)
  })

  it.each([
    [100, 100, 'accept'],
    [200, 100, 'accept'],
    [60, 100, 'accept'],
    [59, 100, 'refuse'],
    [1, 100, 'refuse'],
    [2, 3, 'accept'],
    [1, 3, 'refuse'],
  ])('%i people after %i: %s', (now, before, verdict) => {
    expect(judge(now, before)).toBe(verdict)
  })

  it('checks each kind: missing passwords are a lost right, not missing people', () => {
    const people = manyPeople(50)
    const blind = { ...people, users: people.users.map(({ name, addresses, source }) => ({ name, addresses, source })) }
    expect(checkShrinkage(blind, countContent(people), MOST)).toEqual({
      kind: 'refuse',
      cause: 'passwords shrank from 50 to 0',
    })
    const unforwarded = { ...people, forwards: [] }
    expect(checkShrinkage(unforwarded, countContent(people), MOST)).toMatchObject({
      cause: expect.stringContaining('forwards'),
    })
  })

  it('allows single changes of a small kind', () => {
    const people = manyPeople(50)
    const alias = { address: 'press', targets: ['kim'], source: 'cn=press' }
    const before = countContent({ ...people, aliases: [alias, { ...alias, address: 'office' }] })
    expect(checkShrinkage(people, before, MOST).kind).toBe('accept')
  })

  it('never refuses growth, and never accepts a larger loss than allowed', () => {
    const size = fc.integer({ min: 1, max: 300 })
    fc.assert(
      fc.property(size, size, (now, before) => {
        expect(judge(now, before)).toBe(before - now > before * MOST ? 'refuse' : 'accept')
      }),
      { numRuns: 50 },
    )
  })
})
