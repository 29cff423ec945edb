import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readSignatureTags } from './signature-tags.ts'

describe('the tags of a DKIM-Signature', () => {
  it('are read without their folds', () => {
    const value = 'v=1; a=rsa-sha256;\td=example.org; s = a1 ; h=from : to:\t subject; b=AB CD\t==;'
    expect([...readSignatureTags(value)]).toEqual([
      ['v', '1'],
      ['a', 'rsa-sha256'],
      ['d', 'example.org'],
      ['s', 'a1'],
      ['h', 'from:to:subject'],
      ['b', 'ABCD=='],
    ])
  })

  it('keep the first of two, and leave out what is none', () => {
    expect([...readSignatureTags('d=a.example; d=b.example; nothing; =x; ;')]).toEqual([['d', 'a.example']])
  })

  it('never make trouble', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        for (const [name, value] of readSignatureTags(text)) {
          expect(name).not.toBe('')
          expect(value).not.toMatch(/\s/)
        }
      }),
    )
  })
})
