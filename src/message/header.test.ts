import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fieldsNamed, prependFields, readFields, removeFields } from './header.ts'
import { processorMs } from '../../test/lib/processor-time.ts'

const bytes = (text: string) => Buffer.from(text, 'utf8')
const sample = bytes(
  'Received: from a\r\n\tby b\r\nSubject : Grüße\r\nX-Empty:\r\nFrom:joe@example.org\r\nsubject: 2\r\n\r\n',
)

/** Field lines as hostile as a header section may hold after receiving: any octet but CR and LF in a value. */
const octets = fc
  .uint8Array({ maxLength: 40 })
  .map((values) => Buffer.from(values.filter((octet) => octet !== 10 && octet !== 13)))
const name = fc.constantFrom('From', 'X-A', 'subject', 'X-A ', 'a!#~')
const fold = fc.constantFrom('\r\n ', '\r\n\t', ' ')
const field = fc
  .tuple(name, fc.array(fc.tuple(fold, octets), { maxLength: 4 }))
  .map(([n, parts]) => Buffer.concat([bytes(`${n}:`), ...parts.flatMap(([f, o]) => [bytes(f), o]), bytes('\r\n')]))
const section = fc
  .tuple(fc.array(field, { maxLength: 12 }), fc.boolean())
  .map(([fields, ended]) => Buffer.concat([...fields, ended ? bytes('\r\n') : bytes('')]))

describe('readFields', () => {
  test('keeps names, raw bytes and unfolded values', () => {
    const fields = readFields(sample)
    expect(fields.map((f) => [f.name, f.key, f.value])).toEqual([
      ['Received', 'received', 'from a\tby b'],
      ['Subject', 'subject', 'Grüße'],
      ['X-Empty', 'x-empty', ''],
      ['From', 'from', 'joe@example.org'],
      ['subject', 'subject', '2'],
    ])
    expect(fields[0]?.raw.toString()).toBe('Received: from a\r\n\tby b\r\n')
    expect(fieldsNamed(fields, 'SUBJECT').map((f) => f.value)).toEqual(['Grüße', '2'])
  })

  test('reads octets that are no UTF-8 as latin1', () => {
    expect(readFields(Buffer.from('X: caf\xe9\r\n', 'latin1'))[0]?.value).toBe('café')
    expect(readFields(bytes('X: \ufffd\r\n'))[0]?.value).toBe('\ufffd')
  })

  test('leaves out what is no field', () => {
    expect(readFields(bytes(' lost\r\nno colon\r\n: no name\r\nb ad: 1\r\nA: 1\r\n\r\n')).map((f) => f.name)).toEqual([
      'A',
    ])
    expect(readFields(Buffer.alloc(0))).toEqual([])
  })

  test('a line of white space alone continues its field', () => {
    expect(readFields(bytes('A: 1\r\n \r\nB: 2\r\n')).map((f) => f.name)).toEqual(['A', 'B'])
  })

  test('the pieces are the section, whatever is in it', () => {
    fc.assert(
      fc.property(section, (header) => {
        const joined = Buffer.concat(readFields(header).map((f) => f.raw))
        expect(header.subarray(0, joined.length).equals(joined)).toBe(true)
        expect(['', '\r\n']).toContain(header.subarray(joined.length).toString())
      }),
    )
  })

  test('any bytes are read without throwing', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (any) => readFields(Buffer.from(any)).every((f) => typeof f.value === 'string')),
    )
  })

  test('40 000 folded lines are read in linear time', () => {
    const small = bytes(`X: y\r\n${' z\r\n'.repeat(4000)}\r\n`)
    const large = bytes(`X: y\r\n${' z\r\n'.repeat(40_000)}\r\n`)
    expect(readFields(small)[0]?.value.length).toBe(1 + 4000 * 2)
    const start = processorMs()
    expect(readFields(large)[0]?.value.length).toBe(1 + 40_000 * 2)
    // Some milliseconds in truth; a quadratic reader needs seconds.
    expect(processorMs() - start).toBeLessThan(1000)
  })
})

describe('removeFields', () => {
  test('takes whole fields out and leaves every other byte', () => {
    const header = removeFields(sample, (f) => f.key === 'subject' || f.key === 'received')
    expect(header.toString()).toBe('X-Empty:\r\nFrom:joe@example.org\r\n\r\n')
  })

  test('removing nothing is the identity, the very same buffer', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (any) => {
        const header = Buffer.from(any)
        return removeFields(header, () => false) === header
      }),
    )
  })

  test('keeps what is no field', () => {
    expect(removeFields(bytes('junk\r\nA: 1\r\n\r\n'), () => true).toString()).toBe('junk\r\n\r\n')
  })

  test('what stays is what the predicate did not name, in order', () => {
    fc.assert(
      fc.property(section, (header) => {
        const edited = removeFields(header, (f) => f.key === 'x-a')
        const expected = readFields(header)
          .filter((f) => f.key !== 'x-a')
          .map((f) => f.raw)
        expect(readFields(edited).map((f) => f.raw)).toEqual(expected)
      }),
    )
  })
})

describe('prependFields', () => {
  test('puts fields on top and leaves the rest as it is', () => {
    fc.assert(
      fc.property(section, fc.array(field, { minLength: 1, maxLength: 3 }), (header, fields) => {
        const edited = prependFields(header, Buffer.concat(fields))
        expect(edited.subarray(edited.length - header.length).equals(header)).toBe(true)
        expect(readFields(edited).length).toBe(readFields(header).length + fields.length)
        let left = fields.length
        expect(removeFields(edited, () => left-- > 0).equals(header)).toBe(true)
      }),
    )
  })

  test('refuses what is no sequence of fields', () => {
    for (const bad of ['A: 1', 'A: 1\r\n\r\n', 'A: 1\r\nB\r\n', '\r\n', ' A: 1\r\n']) {
      expect(() => prependFields(sample, bytes(bad))).toThrow(TypeError)
    }
    expect(prependFields(sample, Buffer.alloc(0)).equals(sample)).toBe(true)
  })
})
