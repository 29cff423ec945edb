import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeWords, writePhrase } from './encoded-words.ts'

test.each([
  ['plain', 'plain'],
  ['=?utf-8?q?J=C3=B6rg_Lee?=', 'Jörg Lee'],
  ['=?UTF-8?B?SsO2cmc=?= Lee', 'Jörg Lee'],
  ['=?iso-8859-1?q?J=F6rg?=', 'Jörg'],
  ['=?utf-8*de?q?J=C3=B6rg?=', 'Jörg'],
  ['=?utf-8?q?J=C3=B6?=\t =?utf-8?q?rg?=', 'Jörg'],
  ['=?utf-8?q?a?= b =?utf-8?q?c?=', 'a b c'],
  ['=?unknown?q?a=40b?=', 'a@b'],
  ['=?utf-8?q?not finished', '=?utf-8?q?not finished'],
])('%j is %j', (text, decoded) => expect(decodeWords(text)).toBe(decoded))

test('a written phrase is one line of ASCII, and is read as the same text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 100 }), (text) => {
      // oxlint-disable-next-line no-control-regex -- the class of ASCII itself
      fc.pre(!/[\x00-\x1f\x7f]|=\?/.test(text))
      const phrase = writePhrase(text)
      expect(phrase).toMatch(/^[\x20-\x7e]*$/)
      const read = phrase.startsWith('"') ? phrase.slice(1, -1).replace(/\\(.)/g, '$1') : decodeWords(phrase)
      expect(read).toBe(text)
    }),
  )
})
