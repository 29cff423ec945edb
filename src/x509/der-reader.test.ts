import { describe, expect, it } from 'vitest'
import { DerError, elementsIn, onlyElement, plainSerial, readOid, readSerials, readTime, TAG } from './der-reader.ts'

const octets = (...values: (number | string)[]) =>
  Buffer.concat(values.map((one) => (typeof one === 'string' ? Buffer.from(one) : Buffer.of(one))))

describe('elements', () => {
  it('are read one after the other, with lengths of one octet and of several', () => {
    const long = 'x'.repeat(200)
    const content = octets(0x02, 1, 5, 0x04, 0x81, 200, long, 0x04, 0x82, 0, 1, 'y')
    expect([...elementsIn(content)].map(({ tag, content: inner }) => [tag, inner.length])).toEqual([
      [2, 1],
      [4, 200],
      [4, 1],
    ])
  })

  it.each([
    ['no length', octets(0x30)],
    ['a length beyond the end', octets(0x30, 5, 'ab')],
    ['an indefinite length', octets(0x30, 0x80, 0, 0)],
    ['a length of five octets', octets(0x30, 0x85, 0, 0, 0, 0, 1, 'a')],
    ['a length that is cut off', octets(0x30, 0x82, 1)],
  ])('with %s are refused', (_what, content) => {
    expect(() => [...elementsIn(content)]).toThrow(DerError)
  })

  it('fill the octets where only one is expected', () => {
    expect(onlyElement(octets(0x30, 1, 'a'), TAG.sequence).content.toString()).toBe('a')
    expect(() => onlyElement(octets(0x30, 1, 'ab'), TAG.sequence)).toThrow(DerError)
    expect(() => onlyElement(octets(0x31, 1, 'a'), TAG.sequence)).toThrow(DerError)
  })
})

const element = (tag: number, content: Buffer) => ({ tag, content, whole: content })

it('reads both kinds of times', () => {
  expect(readTime(element(TAG.utcTime, Buffer.from('491231235959Z')))).toBe(Date.UTC(2049, 11, 31, 23, 59, 59))
  expect(readTime(element(TAG.utcTime, Buffer.from('500101000000Z')))).toBe(Date.UTC(1950, 0, 1))
  expect(readTime(element(TAG.generalizedTime, Buffer.from('20500101000000Z')))).toBe(Date.UTC(2050, 0, 1))
  for (const text of ['', '20500101000000', '20500101000000+0100'])
    expect(() => readTime(element(TAG.generalizedTime, Buffer.from(text)))).toThrow(DerError)
})

it('reads object identifiers and serial numbers', () => {
  expect(readOid(element(TAG.oid, Buffer.from('2a864886f70d01010b', 'hex')))).toBe('1.2.840.113549.1.1.11')
  expect(readOid(element(TAG.oid, Buffer.from('551d1c', 'hex')))).toBe('2.5.29.28')
  expect(plainSerial('0001A0')).toBe('01a0')
  expect(plainSerial('00')).toBe('00')
})

it('reads the serial numbers of a list of entries', () => {
  const list = (hex: string) => readSerials(Buffer.from(hex, 'hex'))
  expect([...list('3007020300a1b2050030030201003003020101')]).toEqual(['a1b2', '00', '01'])
  expect(plainSerial('A1B2')).toBe('a1b2')
  expect([...list('')]).toEqual([])
  for (const hex of ['3003020201', '30030101ff', '310302010130', '30020201', '3003', '3004020301'])
    expect(() => list(hex)).toThrow(DerError)
})
