import { describe, expect, test } from 'vitest'
import {
  capHeader,
  MAX_ARC_SETS,
  MAX_BLANKS,
  MAX_DKIM_SIGNATURES,
  MAX_HEADER_LINES,
  MAX_HEADER_OCTETS,
  MAX_SIGNED_LINES,
} from './input-caps.ts'

const from = 'From: ann@example.org\r\n'
const section = (...fields: string[]): Buffer => Buffer.from(`${fields.join('')}\r\n`)
const repeat = (count: number, field: string): string[] => Array.from({ length: count }, () => field)

describe('caps on what mailauth sees', () => {
  test('ordinary mail passes untouched', () => {
    const header = section(from, ...repeat(MAX_DKIM_SIGNATURES, 'DKIM-Signature: a=b\r\n'), 'Subject: x\r\n y\r\n')
    expect(capHeader(header)).toEqual({ header, dkimSkipped: null, arcSkipped: null })
  })

  test('one signature too many: none is looked at, ARC neither', () => {
    const header = section(
      from,
      ...repeat(MAX_DKIM_SIGNATURES + 1, 'dkim-signature : a=b\r\n\tc\r\n'),
      'ARC-Seal: i=1\r\n',
    )
    const capped = capHeader(header)
    expect(capped.header.toString()).toBe(`${from}\r\n`)
    expect(capped.dkimSkipped).toBe('11 signatures, at most 10 are checked')
    expect(capped.arcSkipped).toBe(capped.dkimSkipped)
  })

  test.each(['ARC-Seal', 'ARC-Message-Signature', 'ARC-Authentication-Results'])(
    'one %s too many: no ARC, but DKIM',
    (name) => {
      const signature = 'DKIM-Signature: a=b\r\n'
      const capped = capHeader(section(signature, from, ...repeat(MAX_ARC_SETS + 1, `${name}: i=1\r\n`)))
      expect(capped.header.toString()).toBe(`${signature}${from}\r\n`)
      expect(capped).toMatchObject({ dkimSkipped: null, arcSkipped: '51 ARC sets, at most 50 are allowed' })
    },
  )

  test.each([
    ['DKIM-Signature', { dkimSkipped: expect.stringContaining('white space'), arcSkipped: expect.any(String) }],
    ['ARC-Seal', { dkimSkipped: null, arcSkipped: expect.stringContaining('white space') }],
  ])(
    '%s with a desert of white space is not looked at: its verifier takes time with the square of it',
    (name, skipped) => {
      const stretched = (blanks: string) => capHeader(section(from, `${name}: a=${blanks}b\r\n`))
      expect(stretched(' '.repeat(MAX_BLANKS))).toMatchObject({ dkimSkipped: null, arcSkipped: null })
      for (const blanks of [' '.repeat(MAX_BLANKS + 1), ' \t'.repeat(50_000), '\r\n \t'.repeat(100)]) {
        const capped = stretched(blanks)
        expect(capped).toMatchObject(skipped)
        expect(capped.header.toString()).toBe(`${from}\r\n`)
      }
    },
  )

  test.each([
    ['too many lines', `X: ${'\r\n a'.repeat(MAX_HEADER_LINES)}\r\n`],
    ['too many octets', `X: ${'a'.repeat(MAX_HEADER_OCTETS)}\r\n`],
  ])('%s: only the author is left', (_what, field) => {
    const capped = capHeader(section('DKIM-Signature: a=b\r\n', field, from))
    expect(capped.header.toString()).toBe(`${from}\r\n`)
    expect(capped.dkimSkipped).toContain('are read')
    expect(capped.arcSkipped).toBe(capped.dkimSkipped)
  })

  test('long header sections: as many signatures as their lines allow, DKIM before ARC', () => {
    const capped = (lines: number, ...fields: string[]) =>
      capHeader(section(...fields, `To: ${'\r\n a,'.repeat(lines)}\r\n`, from))
    const signatures = (count: number) => repeat(count, 'DKIM-Signature: a=b\r\n')
    const share = Math.floor(MAX_SIGNED_LINES / 4) - 10
    expect(capped(share, ...signatures(4))).toMatchObject({ dkimSkipped: null })
    expect(capped(share, ...signatures(5)).dkimSkipped).toContain('5 signatures')
    expect(capped(MAX_HEADER_LINES - 10, ...signatures(1)).dkimSkipped).toBeNull()
    const sealed = capped(share, ...signatures(3), 'ARC-Seal: i=1\r\n')
    expect(sealed.dkimSkipped).toBeNull()
    expect(sealed.arcSkipped).toContain('5 signatures')
  })

  test('an endless From: is not the author', () => {
    const capped = capHeader(section(`From: ${'a '.repeat(MAX_HEADER_OCTETS)}<ann@example.org>\r\n`))
    expect(capped.header.toString()).toBe('\r\n')
  })

  test('two authors stay two: DMARC must see that', () => {
    const capped = capHeader(section(...repeat(5, from), `X: ${'a'.repeat(MAX_HEADER_OCTETS)}\r\n`))
    expect(capped.header.toString()).toBe(`${from}${from}\r\n`)
  })
})
