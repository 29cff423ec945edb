import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readCommandLine } from './command-line.ts'

const limits = { commandLine: 512, authLine: 12_288 }
const read = (text: string) => readCommandLine(Buffer.from(text), limits)

describe('readCommandLine', () => {
  it.each([
    ['NOOP', 'NOOP', ''],
    ['noop', 'NOOP', ''],
    ['QUIT  \t', 'QUIT', ''],
    ['EHLO  a.example', 'EHLO', 'a.example'],
    ['MAIL FROM:<a@b> SIZE=1', 'MAIL', 'FROM:<a@b> SIZE=1'],
    ['VRFY b\u00fccher', 'VRFY', 'b\u00fccher'],
  ])('%j', (line, verb, argument) => {
    expect(read(line)).toEqual({ kind: 'command', verb, argument })
  })

  it.each([
    '',
    ' ',
    ' NOOP',
    '-',
    'MAIL\tFROM:<>',
    'NOOP\0',
    'NO\x7fOP',
    'x\ry',
    'ABCDEFGHIJKLM',
    'MAIL:FROM',
    '250 OK',
  ])('refuses %j', (line) => {
    expect(read(line)).toMatchObject({ kind: 'bad', reply: { code: 500, enhanced: '5.5.2' } })
  })

  it('counts the CRLF, and allows AUTH more (RFC 5321 4.5.3.1.4, RFC 4954 4)', () => {
    expect(read(`NOOP ${'x'.repeat(505)}`).kind).toBe('command')
    expect(read(`NOOP ${'x'.repeat(506)}`).kind).toBe('bad')
    expect(read(`AUTH ${'x'.repeat(12_281)}`).kind).toBe('command')
    expect(read(`AUTH ${'x'.repeat(12_282)}`).kind).toBe('bad')
  })

  it('never throws', () => {
    fc.assert(fc.property(fc.uint8Array(), (octets) => void readCommandLine(Buffer.from(octets), limits)))
  })
})
