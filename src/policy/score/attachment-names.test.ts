import { Readable } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { attachmentNames, isDangerousName } from './attachment-names.ts'

const named = (header: string, body = '', size = 65_536) => {
  const octets = Buffer.from(body)
  const pieces = Array.from({ length: Math.ceil(octets.length / size) }, (_, n) =>
    octets.subarray(n * size, (n + 1) * size),
  )
  return attachmentNames(header, Readable.from(pieces))
}
const part = (fields: string, text = 'x') => `--b\r\n${fields}\r\n\r\n${text}\r\n`

describe('names of attachments', () => {
  test.each([
    ['Content-Disposition: attachment; filename="a b.exe"', ['a b.exe']],
    ['Content-Type: application/zip; name=a.zip', ['a.zip']],
    ['Content-Disposition: attachment;\r\n\tfilename=folded.js', ['folded.js']],
    ["Content-Disposition: attachment; filename*=utf-8'en'na%C3%AFve%2Eexe", ['naÃ¯ve.exe']],
    ['Content-Disposition: attachment; filename*0="long.e"; filename*1="xe"', ['long.exe']],
    ["Content-Disposition: attachment; filename*1*=xe; filename*0*=utf-8''long%2Ee", ['long.exe']],
    ['Content-Type: x/y; name="=?utf-8?q?rechnung.pdf=2Eexe?="', ['rechnung.pdf.exe']],
    ['Content-Type: x/y; name="say \\"hi\\".vbs"', ['say "hi".vbs']],
    ['Content-Type: x/y; name="never closed.scr', ['never closed.scr']],
    ['Content-Type: text/plain; charset=utf-8', []],
  ])('%s', async (field, expected) => {
    expect(await named('', part(field))).toEqual(expected)
    expect(await named(`${field}\r\n`)).toEqual(expected)
  })

  it('are found in nested parts, behind large content, and however the octets arrive', async () => {
    const body = `${part('Content-Type: text/plain', 'line\r\n'.repeat(5000))}--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n${part('Content-Disposition: attachment; filename=inner.exe')}--b--\r\n`
    for (const size of [1, 7, 4096, 1 << 20]) expect(await named('', body, size)).toEqual(['inner.exe'])
  })

  it('are found in a message within the message, which has no boundary before its header section', async () => {
    const inner = 'From: ann@stranger.example\r\nContent-Type: application/x; name=inner.exe\r\n\r\nMZ\r\n'
    for (const type of ['message/rfc822', 'Message/Global; x=y'])
      expect(await named('', `${part(`Content-Type: ${type}`, inner)}--b--\r\n`)).toEqual(['inner.exe'])
    expect(await named('Content-Type: message/rfc822\r\n', inner)).toEqual(['inner.exe'])
    expect(await named('', part('Content-Type: text/plain', inner))).toEqual([])
  })

  it('are not taken from other fields, and are found behind many of them', async () => {
    expect(await named('Subject: fix name=app.js\r\n filename=app.js\r\n')).toEqual([])
    const trace = 'Received: from a.example by b.example\r\n'.repeat(1000)
    expect(await named(`${trace}Content-Type: x/y; name=late.exe\r\n`)).toEqual(['late.exe'])
  })

  it('are not taken from text', async () => {
    expect(await named('', 'Please open filename="a.exe"\r\n\r\nname=b.exe\r\n')).toEqual([])
  })

  it('end with what is read of a hostile body', async () => {
    const lines = `--\r\nContent-Type: ${'name=x; '.repeat(50)}\r\n`.repeat(2000)
    expect((await named('', lines)).length).toBeLessThanOrEqual(1000)
    expect(await named('', `--b\r\nContent-Type: x/y; name="${'\\"'.repeat(100_000)}`)).toHaveLength(1)
    expect(await named('', 'x'.repeat(1_000_000))).toEqual([])
  })

  it('are the same for any text, in pieces of any size', async () => {
    const text = fc.array(
      fc.constantFrom(
        '--b',
        'Content-Type: ',
        'message/rfc822',
        '\r\n',
        '\n',
        'name=',
        'filename*0=',
        '"',
        'a.exe',
        '; ',
        ' ',
        '\\',
        "''",
        '%2E',
      ),
      {
        maxLength: 40,
      },
    )
    await fc.assert(
      fc.asyncProperty(text, fc.integer({ min: 1, max: 9 }), async (words, size) => {
        expect(await named('', words.join(''), size)).toEqual(await named('', words.join('')))
      }),
    )
  })
})

test.each([
  ['a.exe', true],
  ['A.EXE', true],
  ['invoice.pdf.js', true],
  ['a.exe. ', true],
  ['photo\u202egpj.exe\u200b', true],
  ['a.pdf', false],
  ['exe', false],
  ['archive.tar.gz', false],
  ['report.exe.txt', false],
  ['', false],
])('%j is dangerous: %s', (name, expected) => expect(isDangerousName(name)).toBe(expected))
