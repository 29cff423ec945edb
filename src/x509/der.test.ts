import { describe, expect, it } from 'vitest'
import { bitString, boolean, integer, oid, sequence, time, tlv } from './der.ts'

const hex = (octets: Buffer) => octets.toString('hex')

describe('DER', () => {
  it('writes object identifiers (X.690 8.19)', () => {
    expect(hex(oid('2.5.4.3'))).toBe('0603550403')
    expect(hex(oid('1.2.840.10045.4.3.2'))).toBe('06082a8648ce3d040302')
    expect(hex(oid('1.2.840.113549'))).toBe('06062a864886f70d')
  })

  it('writes non-negative integers in the shortest form', () => {
    expect(hex(integer(Buffer.from([0])))).toBe('020100')
    expect(hex(integer(Buffer.from([0, 0, 0x7f])))).toBe('02017f')
    expect(hex(integer(Buffer.from([0x80])))).toBe('02020080')
  })

  it('writes short and long lengths', () => {
    expect(hex(tlv(4, Buffer.alloc(127)).subarray(0, 2))).toBe('047f')
    expect(hex(tlv(4, Buffer.alloc(128)).subarray(0, 3))).toBe('048180')
    expect(hex(tlv(4, Buffer.alloc(300)).subarray(0, 4))).toBe('0482012c')
  })

  it('uses GeneralizedTime from 2050 on (RFC 5280 4.1.2.5)', () => {
    expect(time(new Date('2049-12-31T23:59:59Z')).toString('latin1')).toBe('\x17\x0d491231235959Z')
    expect(time(new Date('2050-01-01T00:00:00Z')).toString('latin1')).toBe('\x18\x0f20500101000000Z')
  })

  it('writes sequences, booleans and bits', () => {
    expect(hex(sequence(boolean(true), boolean(false)))).toBe('30060101ff010100')
    expect(hex(bitString(Buffer.from([0x80]), 7))).toBe('03020780')
  })
})
