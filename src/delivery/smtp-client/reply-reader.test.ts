// Replies from octets: any split gives the same replies, and text that is not a reply is a fault.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createReplyReader } from './reply-reader.ts'
import type { PeerReply } from './transport.ts'

function read(...chunks: (string | Buffer)[]): PeerReply[] | string {
  const reader = createReplyReader()
  const replies: PeerReply[] = []
  for (const chunk of chunks) {
    const result = reader.push(Buffer.from(chunk as string))
    if (result.kind === 'fault') return result.cause
    replies.push(...result.replies)
  }
  return replies
}

describe('replies', () => {
  it('have a code, an enhanced status and their text', () => {
    expect(read('250 2.1.5 ok\r\n')).toEqual([{ code: 250, enhanced: '2.1.5', verbatim: '250 2.1.5 ok' }])
    expect(read('250 fine\r\n')).toEqual([{ code: 250, enhanced: '', verbatim: '250 fine' }])
    expect(read('354\r\n')).toEqual([{ code: 354, enhanced: '', verbatim: '354' }])
  })

  it('keep their lines', () => {
    expect(read('550-5.7.1 one\r\n550-5.7.1\r\n550 5.7.1 three\r\n')).toEqual([
      { code: 550, enhanced: '5.7.1', verbatim: '550-5.7.1 one\n550-5.7.1\n550 5.7.1 three' },
    ])
  })

  it('may end in a bare LF, as some servers send', () => {
    expect(read('250 ok\n250 ok\r\n')).toHaveLength(2)
  })

  it('have the class of their code if the enhanced status contradicts it', () => {
    expect(read('450 5.7.1 later\r\n')).toMatchObject([{ enhanced: '4.7.1' }])
    expect(read('550 5.7.1x\r\n')).toMatchObject([{ enhanced: '' }])
    expect(read('550 5.1234.1 x\r\n')).toMatchObject([{ enhanced: '' }])
  })

  it('are UTF-8, else Latin-1, without control characters', () => {
    expect(read('550 jörg\r\n')).toMatchObject([{ verbatim: '550 jörg' }])
    expect(read(Buffer.from('550 jörg\r\n', 'latin1'))).toMatchObject([{ verbatim: '550 jörg' }])
    // Terminals interpret U+009B like ESC [, and some end lines at U+2028.
    expect(read(Buffer.from('550 a\u009b31mb\u2028c\r\n'))).toMatchObject([{ verbatim: '550 a 31mb c' }])
    expect(read(Buffer.from('550 j\u00f6\u009b31mrg\r\n', 'latin1'))).toMatchObject([{ verbatim: '550 jö 31mrg' }])
    expect(read('550 a\x1b[31m\0b\r\n')).toMatchObject([{ verbatim: '550 a [31m b' }])
  })

  it('are the same however the octets are split', () => {
    const text = '220 hello\r\n250-one ü\r\n250-two\r\n250 three\r\n550 5.1.1 no\r\n'
    const whole = read(text)
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 60 }), (sizes) => {
        const bytes = Buffer.from(text)
        const chunks: Buffer[] = []
        let at = 0
        for (const size of sizes) chunks.push(bytes.subarray(at, (at += size)))
        expect(read(...chunks, bytes.subarray(at))).toEqual(whole)
      }),
    )
  })
})

describe('faults', () => {
  it('quote the text that was found', () => {
    expect(read('hello\r\n')).toBe('not a reply: hello')
    expect(read('550-5.7.1 Blocked\r\n554 see our page\r\n')).toBe(
      'one reply with two codes: 550-5.7.1 Blocked / 554 see our page',
    )
  })

  it.each([
    ['hello\r\n'],
    ['99 x\r\n'],
    ['150 x\r\n'],
    ['650 x\r\n'],
    ['2500 x\r\n'],
    ['250x\r\n'],
    ['\r\n'],
    ['250-one\r\n251 two\r\n'],
    [' 250 ok\r\n'],
  ])('%j', (text) => {
    expect(typeof read(text)).toBe('string')
  })

  it('a line or a reply that is too long', () => {
    expect(read(`250 ${'x'.repeat(5000)}`)).toBe('a reply line is too long')
    expect(read(`250 ${'x'.repeat(5000)}\r\n`)).toBe('a reply line is too long')
    expect(read(...Array<string>(100).fill(`250-${'x'.repeat(1000)}\r\n`))).toBe('the reply is too long')
  })

  it('never throws, for any octets', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void read(Buffer.from(bytes))))
  })
})

describe('pending', () => {
  it('is true while a reply is incomplete', () => {
    const reader = createReplyReader()
    expect(reader.pending).toBe(false)
    reader.push(Buffer.from('25'))
    expect(reader.pending).toBe(true)
    reader.push(Buffer.from('0-a\r\n'))
    expect(reader.pending).toBe(true)
    reader.push(Buffer.from('250 b\r\n'))
    expect(reader.pending).toBe(false)
  })
})

it('keeps a bounded part of a long reply', () => {
  const [reply] = read(`${'250-words\r\n'.repeat(1000)}250 end\r\n`) as PeerReply[]
  expect(reply?.verbatim.length).toBe(4096)
})
