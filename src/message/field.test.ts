import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { writeField, writeFolded } from './field.ts'
import { prependFields, readFields } from './header.ts'

describe('writeField', () => {
  test('folds at spaces', () => {
    const text = writeField('X-Long', 'word '.repeat(40)).toString()
    for (const line of text.trimEnd().split('\r\n')) expect(line.length).toBeLessThanOrEqual(78)
    expect(readFields(Buffer.from(text))[0]?.value).toBe('word '.repeat(40).trim())
  })

  test('does not fold between the name and a long first word', () => {
    expect(writeField('X', 'a'.repeat(100)).toString()).toBe(`X: ${'a'.repeat(100)}\r\n`)
  })

  test('refuses a name that is none', () => {
    for (const bad of ['', 'A B', 'A:', 'A\r\nB', 'Ä']) expect(() => writeField(bad, 'x')).toThrow(TypeError)
  })

  test('no value injects a field, ends the header or makes an over-long line', () => {
    const hostile = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 3000 }),
      fc
        .array(fc.constantFrom('\r\n', '\n', '\r', ' ', 'Bcc: x', '\t', '\0', 'é', '\ud800', 'a'.repeat(700)), {
          maxLength: 12,
        })
        .map((w) => w.join('')),
    )
    fc.assert(
      fc.property(hostile, (value) => {
        for (const written of [writeField('X-Test', value), writeFolded('X-Test', value)]) {
          expect(readFields(written).map((f) => f.name)).toEqual(['X-Test'])
          expect(readFields(prependFields(Buffer.from('\r\n'), written)).length).toBe(1)
        }
        for (const line of writeField('X-Test', value).toString().split('\r\n')) {
          expect(Buffer.byteLength(line)).toBeLessThanOrEqual(998)
        }
      }),
    )
  })
})

test('writeFolded keeps folds and repairs what is none', () => {
  expect(writeFolded('A-R', 'example.org;\r\n spf=pass\r\n\tdkim=none').toString()).toBe(
    'A-R: example.org;\r\n spf=pass\r\n\tdkim=none\r\n',
  )
  expect(writeFolded('A-R', 'a;\r\nBcc: x\r\n\r\nbody').toString()).toBe('A-R: a;\r\n\tBcc: x\r\n\tbody\r\n')
})
